from __future__ import annotations

from tests.hooks.desks import FakeDesk, called_esl


def applications(commands: list[str]) -> list[str]:
    """What was run, with its arguments."""
    found = []
    for command in commands:
        told = dict(line.split(": ", 1) for line in command.split("\n")[1:])
        if told:
            found.append(f"{told['execute-app-name']} {told.get('execute-app-arg', '')}".strip())
    return found


def test_an_offer_is_played_and_the_key_collected_by_freeswitch_itself() -> None:
    channel = called_esl(FakeDesk(), "offer?timeout=8", keys=["5"])

    assert applications(channel.commands) == [
        "multiset ^^|TEXTBACK_RESULT=error",
        "answer",
        "play_and_get_digits 1 1 1 8000 ~ ${sounds_dir}/en/textback/offer.wav silence_stream://1 textback_digits"
        " ^[0-9*#A-D]+$ 8000",
        "multiset ^^|TEXTBACK_RESULT=texted|TEXTBACK_REASON=|TEXTBACK_AFTER=hangup",
        "playback ${sounds_dir}/en/textback/confirmed.wav",
        "playback ${sounds_dir}/en/textback/goodbye.wav",
    ]


def prompts(hook: str, **variables: str) -> list[str]:
    commands = called_esl(FakeDesk(), hook, keys=[None], variables=variables).commands
    return [one.split(" silence_stream")[0].split(" ~ ")[1] for one in applications(commands) if "play_and" in one]


def test_prompts_lie_in_the_folder_of_the_caller_s_language() -> None:
    assert prompts("offer?lang=es") == ["${sounds_dir}/es/textback/offer.wav"]
    assert prompts("offer", default_language="es-MX") == ["${sounds_dir}/es/textback/offer.wav"]
    assert prompts("offer", default_language="../x") == ["${sounds_dir}/en/textback/offer.wav"]
    assert prompts("offer", textback_sounds="/srv/sounds") == ["/srv/sounds/en/textback/offer.wav"]


def test_a_prompt_may_be_any_file_or_stream() -> None:
    assert prompts("offer?prompt=/srv/ours.wav") == ["/srv/ours.wav"]
    assert prompts("offer?prompt=tone_stream://%25(500,0,440)") == ["tone_stream://%(500,0,440)"]
    assert prompts("offer?prompt=ours/the%20offer") == ["'${sounds_dir}/en/ours/the offer.wav'"]


def test_a_number_is_keyed_in_up_to_the_pound_key_and_read_back() -> None:
    channel = called_esl(FakeDesk(), "offer?ask_number=always", keys=["5", "1"], entered=["2025550199"])

    run = applications(channel.commands)
    assert "play_and_get_digits 1 18 1 6000 # ${sounds_dir}/en/textback/enter-number.wav" in "\n".join(run)
    assert [one[-5] for one in run if "digit-" in one] == list("2025550199")


def test_all_variables_are_set_at_once() -> None:
    channel = called_esl(FakeDesk(), "call-to-text", mode="full")

    assert [command.partition("\n")[0] for command in channel.commands] == ["connect", "linger 10", "sendmsg", "exit"]
