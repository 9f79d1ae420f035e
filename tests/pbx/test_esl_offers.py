"""Orders for callers who wait on a FreeSWITCH: whispering, moving them, telling them, and leaving them alone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.pbx.esl_messages import (
    AGENT,
    CALLER,
    Headers,
    agent,
    bridge,
    create,
    dtmf,
    event,
    hangup,
    hung_up,
    join,
    leave,
    leg,
)
from tests.pbx.fake_asterisk import until
from tests.pbx.fake_freeswitch import FakeFreeswitch, api
from tests.pbx.test_esl import World, play
from textback.events import CallerLeft, HoldEnded, HoldStarted, KeyPressed, Place, Talking
from textback.orders import MakeOffer, TellAnswer
from textback.pbx.patience import Patience

Story = Callable[[World], Awaitable[None]]
SOUNDS = "/sounds"
DIALPLAN = '<context name="textback"><extension name="textback-offer"/><extension name="textback-confirm"/></context>'
QUEUE = {"name": "support", "time_base_score": "system"}


def order(how: str = "redirect", language: str | None = None) -> MakeOffer:
    return MakeOffer(f"main/{CALLER}", "support", language, "whisper" if how == "whisper" else "redirect", "5")


def answer(refused: str | None = None, stays: bool = False) -> TellAnswer:
    return TellAnswer(f"main/{CALLER}", "support", None, refused, stays)


def ready(pbx: FakeFreeswitch) -> None:
    """A FreeSWITCH with our dialplan, our sounds, and nobody on the line."""
    ok = "+OK\n"
    pbx.apis = dict.fromkeys(("uuid_setvar_multi", "uuid_transfer", "uuid_broadcast", "uuid_break"), ok)
    pbx.apis |= {"xml_locate": DIALPLAN, "global_getvar sounds_dir": SOUNDS, "file_exists": "true"}
    pbx.dumps = {CALLER: leg() | {"variable_current_application": "callcenter"}}
    pbx.queues = [QUEUE]


def wait(
    story: Story,
    prepare: Callable[[FakeFreeswitch], object] = lambda pbx: None,
    patience: Patience = Patience(),
    language: str = "en",
) -> World:
    """Let ``story`` happen beside a link that is up, for a caller who waits."""

    async def up(w: World) -> None:
        await w.up()
        await until(lambda: len(w.pbx.commands("api xml_locate")) >= 2)
        w.pbx.heard.clear()
        w.pbx.send(create(), join())
        await until(lambda: w.told(HoldStarted))
        await story(w)

    def prepared(pbx: FakeFreeswitch) -> None:
        ready(pbx)
        prepare(pbx)

    return play(up, prepare=prepared, patience=replace(patience, before_telling=0.0, begin=0.1), language=language)


async def done(w: World, command: str, times: int = 1) -> list[str]:
    """The commands that begin so, once there are so many."""
    await until(lambda: len(w.pbx.commands(f"api {command}")) >= times)
    return w.pbx.commands(f"api {command}")


async def idle(w: World) -> None:
    """Everything that was ordered is done, or was dropped."""
    assert w.link.offers is not None
    offers = w.link.offers
    await until(lambda: not len(offers))


def places(w: World) -> list[Place | None]:
    held = w.told(HoldStarted, HoldEnded)
    return [fact.place if isinstance(fact, HoldStarted) else None for fact in held]


def moved(context: str = "textback") -> Headers:
    """The caller has left the queue for the prompt."""
    return leave("BREAK_OUT", Caller_Destination_Number="textback-offer", Caller_Context=context)


# -- the offer by redirect -------------------------------------------------------------------------------------


def test_a_caller_is_moved_to_the_offer_with_what_the_dialplan_needs() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order(language="es"))
        await done(w, "uuid_transfer")
        assert w.pbx.commands() == [
            f"api uuid_dump {CALLER} json",
            "api xml_locate dialplan context name textback",
            f"api uuid_setvar_multi {CALLER} TEXTBACK_QUEUE=support;default_language=es",
            f"api uuid_transfer {CALLER} textback-offer XML textback",
        ]

    wait(story)


def test_whoever_is_in_a_context_of_ours_stays_in_it_and_keeps_the_queue_that_the_dialplan_knows() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.dumps = {CALLER: leg(Caller_Context="textback-4", variable_textback_queue="support")}

    async def story(w: World) -> None:
        w.link.carry_out(order())
        assert await done(w, "uuid_transfer") == [f"api uuid_transfer {CALLER} textback-offer XML textback-4"]
        assert w.pbx.commands("api uuid_setvar") == []

    wait(story, prepare)


def test_whoever_was_moved_waits_in_the_prompt_and_then_in_the_queue_again() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order())
        await done(w, "uuid_transfer")
        w.pbx.send(moved())
        await until(lambda: places(w) == [Place.QUEUE, Place.OFFER])
        w.pbx.send(dtmf("1"), join(ticket="ticket-2"), dtmf("2"))
        await until(lambda: places(w) == [Place.QUEUE, Place.OFFER, Place.QUEUE] and w.told(KeyPressed))
        assert [fact.key for fact in w.told(KeyPressed) if isinstance(fact, KeyPressed)] == ["2"]
        await idle(w)

    wait(story)


def test_who_hangs_up_in_the_prompt_was_on_hold() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order())
        await done(w, "uuid_transfer")
        w.pbx.send(moved(), hangup(), hung_up())
        await until(lambda: w.told(CallerLeft))
        assert places(w) == [Place.QUEUE, Place.OFFER]
        await idle(w)

    wait(story)


def test_nobody_is_moved_while_an_agents_phone_rings_for_them() -> None:
    async def story(w: World) -> None:
        w.pbx.send(create(agent()), event("HEARTBEAT", {}))
        await until(lambda: w.link.events == 4)
        w.link.carry_out(order())
        await until(lambda: w.link.offers is not None and len(w.link.offers))
        assert w.pbx.commands("api uuid_transfer") == []
        w.pbx.send(hangup(agent(), "NO_ANSWER"))
        await done(w, "uuid_transfer")

    wait(story)


def test_who_is_answered_while_they_are_looked_at_is_left_alone() -> None:
    async def story(w: World) -> None:
        def answered(command: str) -> bytes:
            w.pbx.send(create(agent()), bridge())
            return api("+OK\n")

        w.pbx.answers["api uuid_setvar_multi"] = answered
        w.link.carry_out(order())
        await until(lambda: w.told(Talking))
        await idle(w)
        assert w.pbx.commands("api uuid_transfer") == []

    wait(story)


@pytest.mark.parametrize("state", [{"Channel-State": "CS_SOFT_EXECUTE"}, {"Answer-State": "hangup"}])
def test_what_the_pbx_says_now_is_newer_than_its_events(state: Headers) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.dumps = {CALLER: leg() | state}

    async def story(w: World) -> None:
        w.link.carry_out(order())
        await done(w, "uuid_dump")
        await idle(w)
        assert w.pbx.commands("api uuid_transfer") == []

    wait(story, prepare)


def test_without_our_dialplan_nobody_is_moved_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis["xml_locate"] = "-ERR can't find\n"

    async def story(w: World) -> None:
        for times in (1, 2):
            w.link.carry_out(order())
            await done(w, "xml_locate", times)
            await idle(w)
        assert w.pbx.commands("api uuid_transfer") == []

    with caplog.at_level(logging.WARNING):
        wait(story, prepare)
    assert caplog.text.count("textback has no textback-offer") == 1


def test_out_of_a_fifo_nobody_is_moved_since_the_place_would_be_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        w.pbx.send(leave("BREAK_OUT"), event("fifo::info", leg(), FIFO_Name="lab", FIFO_Action="push"))
        await until(lambda: places(w)[-1:] == [Place.QUEUE] and len(places(w)) == 3)
        w.link.carry_out(order())
        await idle(w)
        assert w.pbx.commands() == []

    with caplog.at_level(logging.WARNING):
        wait(story)
    assert "mod_fifo keeps nobody's place" in caplog.text


@pytest.mark.parametrize(
    ("score", "base", "said"),
    [
        ("system", "", None),
        ("queue", "42", None),
        ("system", "42", "callers jump it"),
        ("queue", "", "set textback_score"),
    ],
)
def test_the_place_is_kept_by_one_score_and_never_by_both(
    score: str, base: str, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.queues = [QUEUE | {"time_base_score": score}]

    async def story(w: World) -> None:
        w.link.carry_out(order())
        await done(w, "uuid_transfer")
        w.pbx.dumps = {CALLER: leg() | ({"variable_cc_base_score": base} if base else {})}
        w.pbx.send(moved(), join(ticket="ticket-2"))
        await done(w, "uuid_dump", 2)
        await idle(w)
        assert not [command for command in w.pbx.commands() if "cc_base_score" in command]

    with caplog.at_level(logging.WARNING):
        wait(story, prepare)
    assert (said or "score") in caplog.text if said else "score" not in caplog.text


@pytest.mark.parametrize("name", ["sup;port", "sup\nport"])
def test_no_name_of_a_queue_becomes_another_variable_or_a_command(name: str) -> None:
    async def story(w: World) -> None:
        w.pbx.send(leave("BREAK_OUT"), join(name=name, ticket="ticket-2"))
        await until(lambda: len(places(w)) == 3)
        w.link.carry_out(order())
        await done(w, "uuid_dump")
        await idle(w)
        assert w.pbx.commands("api uuid_setvar") == w.pbx.commands("api uuid_transfer") == []

    wait(story)


# -- whispering ------------------------------------------------------------------------------------------------


def test_a_whisper_is_played_to_the_caller_where_they_wait() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order("whisper"))
        played = await done(w, "uuid_broadcast")
        assert played == [f"api uuid_broadcast {CALLER} /sounds/en/textback/offer.wav aleg"]
        w.pbx.send(hangup(), hung_up())
        await idle(w)
        assert places(w) == [Place.QUEUE] and w.pbx.commands("api uuid_break") == []

    wait(story)


def test_a_whisper_is_in_the_callers_language_if_it_was_recorded() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis["file_exists /sounds/fr/textback/offer.wav"] = "false"

    async def story(w: World) -> None:
        w.link.carry_out(order("whisper", "es"))
        assert "/sounds/es/textback/offer.wav" in (await done(w, "uuid_broadcast"))[0]
        w.pbx.send(leave("BREAK_OUT"), join(ticket="ticket-2"))
        await idle(w)
        w.link.carry_out(order("whisper", "fr"))
        assert "/sounds/en/textback/offer.wav" in (await done(w, "uuid_broadcast", 2))[1]

    wait(story, prepare)


@pytest.mark.parametrize("language", ["es aleg", "../../etc", "${shell}", ""])
def test_what_is_no_language_is_no_part_of_a_command(language: str) -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order("whisper", language))
        assert await done(w, "uuid_broadcast") == [f"api uuid_broadcast {CALLER} /sounds/en/textback/offer.wav aleg"]

    wait(story)


def test_without_its_sound_nothing_is_whispered_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis["file_exists"] = "false"

    async def story(w: World) -> None:
        w.link.carry_out(order("whisper"))
        await done(w, "file_exists")
        await idle(w)
        assert w.pbx.commands("api uuid_broadcast") == []

    with caplog.at_level(logging.WARNING):
        wait(story, prepare)
    assert "there is no /sounds/en/textback/offer.wav" in caplog.text


def test_who_presses_the_key_need_not_hear_the_offer_to_its_end() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order("whisper"))
        await done(w, "uuid_broadcast")
        w.link.carry_out(answer(refused="landline"))
        played = await done(w, "uuid_broadcast", 2)
        assert played[1].endswith("file_string:///sounds/en/textback/landline.wav!/sounds/en/textback/stay.wav aleg")
        assert [one.split()[1] for one in w.pbx.commands("api uuid_b")] == [
            "uuid_broadcast",
            "uuid_break",
            "uuid_broadcast",
        ]

    wait(story)


# -- answers ---------------------------------------------------------------------------------------------------


def test_after_a_text_the_caller_is_told_and_let_go() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(answer())
        await done(w, "uuid_transfer")
        assert w.pbx.commands("api uuid_setvar_multi") == [
            f"api uuid_setvar_multi {CALLER} "
            "TEXTBACK_QUEUE=support;TEXTBACK_RESULT=texted;TEXTBACK_REASON=;TEXTBACK_AFTER=hangup"
        ]
        assert w.pbx.commands("api uuid_transfer") == [f"api uuid_transfer {CALLER} textback-confirm XML textback"]

    wait(story)


def test_who_stays_is_told_where_they_wait() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(answer(stays=True))
        (played,) = await done(w, "uuid_broadcast")
        assert "confirmed.wav!/sounds/en/textback/stay.wav" in played
        assert w.pbx.commands("api uuid_transfer") == []

    wait(story)


def test_where_nothing_can_be_whispered_the_dialplan_tells_it() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis["file_exists"] = "false"

    async def story(w: World) -> None:
        w.link.carry_out(answer(refused="landline"))
        await done(w, "uuid_transfer")
        (told,) = w.pbx.commands("api uuid_setvar_multi")
        assert told.endswith("TEXTBACK_RESULT=refused;TEXTBACK_REASON=landline;TEXTBACK_AFTER=stay")

    wait(story, prepare)


def test_whom_the_dialplan_has_taken_by_the_exit_key_is_told_by_it() -> None:
    async def story(w: World) -> None:
        w.pbx.send(leave("EXIT_WITH_KEY", variable_cc_exit_key="5"))
        await until(lambda: places(w)[-1] is None)
        w.link.carry_out(answer())
        await idle(w)
        assert w.pbx.commands() == []

    wait(story)


# -- what may go wrong -----------------------------------------------------------------------------------------


def test_an_order_while_the_link_is_down_is_none() -> None:
    async def story(w: World) -> None:
        w.pbx.drop()
        await w.down()
        w.link.carry_out(order())
        assert w.link.offers is None

    wait(story)


@pytest.mark.parametrize("command", ["uuid_transfer", "uuid_setvar_multi", "uuid_broadcast"])
def test_what_the_pbx_refuses_is_said_once(command: str, caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis[command] = "-ERR not allowed\n"

    async def story(w: World) -> None:
        for times in (1, 2):
            w.link.carry_out(order("whisper" if command == "uuid_broadcast" else "redirect"))
            await done(w, command, times)
            await idle(w)

    with caplog.at_level(logging.WARNING):
        wait(story, prepare)
    assert caplog.text.count(f"{command}: -ERR not allowed") == 1


def test_a_leg_that_is_gone_is_nothing_to_be_said(caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.apis["uuid_transfer"] = "-ERR No such channel!\n"

    async def story(w: World) -> None:
        w.link.carry_out(order())
        await done(w, "uuid_transfer")
        await idle(w)

    with caplog.at_level(logging.WARNING):
        wait(story, prepare)
    assert "channel" not in caplog.text


def test_a_link_that_ends_while_something_is_done_ends_that_too() -> None:
    async def story(w: World) -> None:
        w.pbx.answers["api uuid_dump"] = lambda command: None
        w.link.carry_out(order())
        await done(w, "uuid_dump")
        w.pbx.drop()
        await w.down()
        assert w.link.offers is None

    wait(story)


def test_nothing_of_ours_is_taken_for_a_caller_who_left(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        w.pbx.send(hangup(), hung_up(), create(leg(AGENT)))
        await until(lambda: w.told(CallerLeft))
        w.link.carry_out(order())
        w.link.carry_out(answer())
        await idle(w)
        assert w.pbx.commands() == []

    wait(story)
