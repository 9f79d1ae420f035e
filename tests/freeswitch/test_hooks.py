"""Each hook asked by a real FreeSWITCH, in both modes of its socket, by callers who press keys and hang up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.freeswitch.switch import Switch, needs_freeswitch, until
from tests.hooks.desks import FakeDesk, serving
from tests.lab.hearing import Hearing
from tests.lab.leg import Leg
from tests.lab.phones import Phones
from textback.hooks.desk import About, Answer, Offer
from textback.hooks.esl import Esl
from textback.hooks.patience import Patience

pytestmark = needs_freeswitch

MODES = ["async full", "async", "full"]
#: what the dialplan goes on with: long enough to be asked what it was told
AND_THEN = "playback:silence_stream://20000"


@pytest.fixture(scope="module")
def switch() -> Switch:
    return Switch()


@pytest.fixture
def phones(switch: Switch) -> Iterator[Phones]:
    with Phones(switch.sip_port, "127.0.0.1", 0) as phones:
        yield phones


@contextmanager
def hooks(desk: FakeDesk, patience: Patience = Patience()) -> Iterator[Esl]:
    """The server of hooks, in a thread of its own."""
    esl, stopped, ready = Esl(desk, patience=patience), threading.Event(), threading.Event()

    async def run() -> None:
        async with serving(esl):
            ready.set()
            await asyncio.to_thread(stopped.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="hooks")
    thread.start()
    assert ready.wait(10)
    try:
        yield esl
    finally:
        stopped.set()
        thread.join(10)


def ask(switch: Switch, phones: Phones, esl: Esl, mode: str, hook: str, **variables: str) -> Leg:
    """A caller whose dialplan asks for a hook, and then plays silence."""
    asked = f"'socket:127.0.0.1:{esl.port} {mode},{AND_THEN},hangup' inline"
    return switch.call(phones, asked, textback_hook=hook, **variables)


def told(switch: Switch, leg: Leg, *names: str) -> list[str]:
    """The variables, once the dialplan has gone on."""
    uuid = switch.uuid(leg)
    until(lambda: switch.variable(uuid, "current_application_data").startswith("silence_stream"), "the next action")
    return [switch.variable(uuid, f"TEXTBACK_{name}") for name in names]


def asked_for_a_key(switch: Switch, leg: Leg) -> Leg:
    """The caller, once FreeSWITCH waits for their keys: earlier ones are gone."""
    uuid = switch.uuid(leg)
    until(lambda: switch.variable(uuid, "current_application") == "play_and_get_digits", "a prompt that wants a key")
    return leg


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("hook", "desk", "variables"),
    [
        ("may-offer?queue=support", FakeDesk(offers=Offer(True, "", "7")), {"OFFER": "1", "REASON": "", "KEY": "7"}),
        ("call-to-text", FakeDesk(after="stay"), {"RESULT": "texted", "REASON": "", "AFTER": "stay"}),
        ("call-to-text", FakeDesk(answers=[Answer("refused", "opted_out")]), {"RESULT": "refused"}),
        ("call-to-text", FakeDesk(fails=RuntimeError("gone")), {"RESULT": "error", "REASON": "fault"}),
        ("hours", FakeDesk(open=False), {"OPEN": "0"}),
        ("caller", FakeDesk(known=About("Zoë O'Brien ${x}|y", True, "es", False, 17)), {
            "NAME": "Zoë O’Brien   x  y", "VERIFIED": "1", "LANGUAGE": "es", "OPTED_OUT": "0", "CONVERSATION": "17",
        }),
        ("handled", FakeDesk(), {"RESULT": ""}),
    ],
)  # fmt: skip
def test_a_hook_sets_its_variables_and_the_dialplan_goes_on(
    switch: Switch, phones: Phones, mode: str, hook: str, desk: FakeDesk, variables: dict[str, str]
) -> None:
    with hooks(desk) as esl:
        leg = ask(switch, phones, esl, mode, hook)
        assert told(switch, leg, *variables) == list(variables.values())
        assert desk.asked[-1][1].uniqueid == switch.uuid(leg)
        assert desk.asked[-1][1].number == leg.user
        leg.hang_up()


@pytest.mark.parametrize("mode", MODES)
def test_why_nobody_answered_is_read_from_the_channel(switch: Switch, phones: Phones, mode: str) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl:
        leg = ask(switch, phones, esl, mode, "no-answer", cc_cause="cancel", cc_cancel_reason="TIMEOUT")
        told(switch, leg)
        leg.hang_up()
    assert desk.asked_for == [("no_answer", "TIMEOUT")]


@pytest.mark.parametrize("mode", MODES)
def test_who_presses_the_key_hears_that_a_text_comes(switch: Switch, phones: Phones, mode: str) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl, Hearing(phones) as hearing:
        leg = ask(switch, phones, esl, mode, "offer?queue=support")
        until(lambda: hearing.heard(leg, "offer"), "the offer")
        leg.press("5")
        assert told(switch, leg, "RESULT", "AFTER") == ["texted", "hangup"]
        assert hearing.heard(leg, "confirmed")
        leg.hang_up()
    assert desk.asked_for == [("may_offer",), ("call_to_text", None), ("after_text",)]


@pytest.mark.parametrize("mode", MODES)
def test_a_key_in_the_middle_of_the_prompt_ends_it(switch: Switch, phones: Phones, mode: str) -> None:
    desk = FakeDesk(answers=[Answer("refused", "landline")])
    with hooks(desk) as esl:
        began = time.monotonic()
        leg = ask(switch, phones, esl, mode, "offer?prompt=silence_stream://15000")
        asked_for_a_key(switch, leg).press("5")
        until(lambda: len(desk.asked_for) == 2, "the request")
        assert time.monotonic() - began < 10
        assert told(switch, leg, "RESULT", "REASON") == ["refused", "landline"]
        leg.hang_up()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("key", ["", "3"])
def test_who_presses_nothing_or_another_key_declines(switch: Switch, phones: Phones, mode: str, key: str) -> None:
    with hooks(FakeDesk()) as esl:
        leg = ask(switch, phones, esl, mode, "offer?prompt=silence_stream://200&timeout=1")
        asked_for_a_key(switch, leg).press(key)
        assert told(switch, leg, "RESULT", "REASON") == ["declined", "no_key"]
        leg.hang_up()


@pytest.mark.parametrize("mode", MODES)
def test_another_number_is_keyed_in_heard_and_confirmed(switch: Switch, phones: Phones, mode: str) -> None:
    desk = FakeDesk(offers=Offer(False, "withheld_number"))
    with hooks(desk) as esl, Hearing(phones) as hearing:
        leg = ask(switch, phones, esl, mode, "offer?ask_number=if-needed")
        asked_for_a_key(switch, leg).press("5")
        until(lambda: hearing.heard(leg, "enter-number"), "the question for a number")
        leg.press("2025550199#")
        until(lambda: hearing.heard(leg, "confirm-number"), "the question whether it is right")
        assert hearing.heard(leg, "you-entered")
        leg.press("1")
        assert told(switch, leg, "RESULT") == ["texted"]
        leg.hang_up()
    assert ("call_to_text", "2025550199") in desk.asked_for


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_that_is_not_there_is_an_error_and_told(
    switch: Switch, phones: Phones, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    with hooks(FakeDesk()) as esl:
        leg = ask(switch, phones, esl, mode, "offer?prompt=textback/nothing")
        assert told(switch, leg, "RESULT", "REASON") == ["error", "no_prompt"]
        leg.hang_up()
    assert ["cannot play textback/nothing" in message for message in caplog.messages] == [True]


@pytest.mark.parametrize("mode", MODES)
def test_who_hangs_up_in_the_prompt_is_let_go_and_not_texted(
    switch: Switch, phones: Phones, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl:
        leg = ask(switch, phones, esl, mode, "offer?prompt=silence_stream://15000")
        until(lambda: len(desk.asked_for), "the question")
        leg.hang_up()
        until(lambda: not len(esl), "the end of the hook", 2.0)
    assert desk.asked_for == [("may_offer",)]
    assert caplog.messages == []


@pytest.mark.parametrize("mode", MODES)
def test_a_daemon_that_stops_in_the_middle_gives_the_call_back(switch: Switch, phones: Phones, mode: str) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl:
        leg = ask(switch, phones, esl, mode, "offer?prompt=silence_stream://3000")
        until(lambda: len(desk.asked_for), "the question")
    assert told(switch, leg, "RESULT") == ["error"]
    leg.hang_up()


def test_nobody_at_the_address_costs_nothing(switch: Switch, phones: Phones) -> None:
    with hooks(FakeDesk()) as esl:
        pass
    leg = ask(switch, phones, esl, "async full", "may-offer")
    assert told(switch, leg, "OFFER") == [""]
    leg.hang_up()


@pytest.mark.parametrize("mode", MODES)
def test_a_hook_costs_the_caller_less_than_fifty_milliseconds(switch: Switch, phones: Phones, mode: str) -> None:
    """Fifty of them in a row: how long a call takes from its answer to the action behind the last one."""
    desk = FakeDesk()
    with hooks(desk) as esl:
        actions = [f"socket:127.0.0.1:{esl.port} {mode}"] * 50
        began = time.monotonic()
        leg = switch.call(phones, f"'{','.join([*actions, AND_THEN, 'hangup'])}' inline", textback_hook="may-offer")
        told(switch, leg, "OFFER")
        took = time.monotonic() - began
        leg.hang_up()
    assert len(desk.asked_for) == 50
    assert took < 50 * 0.05, f"{took / 50 * 1000:.1f} ms each"


@pytest.mark.parametrize("mode", MODES)
def test_no_call_is_kept_however_fast_the_daemon_is(switch: Switch, phones: Phones, mode: str) -> None:
    """With async, FreeSWITCH keeps a call whose socket closes before it waits for commands: one of fifteen."""
    desk = FakeDesk()
    with hooks(desk) as esl:
        for _ in range(30):
            leg = ask(switch, phones, esl, mode, "handled")
            told(switch, leg)
            leg.hang_up()
