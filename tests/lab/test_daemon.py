"""The daemon and a real Asterisk: what callers do, what the log says, who gets a text, whatever breaks meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .asterisk import Asterisk
from .callers import DESK_201, DESK_202, SUPPORT, Callers, forged_number
from .daemon import Daemon, until
from .house import House, house_of
from .twilio import Twilio

LINE, OTHER_LINE = "+12025550100", "+12025550101"
SORRY = "Riverside: we got disconnected."

GIVES_UP = "12025560101"
TALKS = "12025560102"
RINGS_OUT = "12025560103"
FINDS_BUSY = "12025560104"
HAS_A_NAME = "12025560105"
VICTIM = "12025560106"
IS_CALLED_BACK = "12025560107"
OUTSIDER = "12025560109"
HIDES = "anonymous"
FORGED = {"Event": "Hangup", "Privilege": "call,all"}
NAME = 'Ann "Q" O\'Neil, é: ' + "x" * 10_000

SETTLES = "12025560111"
IN_HAND = "12025560112"
QUEUED = "12025560113"
WAITS_ON = "12025560114"
TALKS_ON = "12025560115"
RINGS_ON = "12025560116"
LEAVES_UNSEEN = "12025560117"
COMES_UNSEEN = "12025560118"
WAITS_PAST_STOP = "12025560119"

NOBODY_SEES = "12025560120"

#: of the practice that lets its calls settle for longer
PATIENT = ("12025551454",)


@dataclass(frozen=True)
class Trio:
    """Three callers who are on the line when the PBX ends."""

    waits: str
    talks: str
    rings: str


CRASHED = Trio("12025560121", "12025560122", "12025560123")
SHUT_DOWN = Trio("12025560124", "12025560125", "12025560126")
CALLS_LATER = "12025560127"
CALLS_LAST = "12025560128"


@dataclass
class Scene:
    """What has happened, for the tests to look at."""

    house: House
    daemon: Daemon
    twilio: Twilio
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts_before: list[str] = field(default_factory=list)
    stopped: int | None = None


def e164(number: str) -> str:
    return f"+{number}"


def other_practice(dids: list[str], settle: float) -> dict[str, Any]:
    """Changes that make a second practice, for these numbers only, which lets its calls settle for longer."""
    line = {"name": "Lakeside", "number": OTHER_LINE, "main_number": "+12025550198", "dids": dids}
    return {"practice__name": "Lakeside", "practice__default": False, "line": [line], "guards__settle": settle,
            "abandoned__min_hold": 0}


@contextmanager
def daemon_of(house: House, folder: Path, rate: float = 100.0, **changes: Any) -> Iterator[Scene]:
    """A daemon that runs, with a Twilio that accepts, and two practices: one of `changes`, and one that is patient."""
    with Twilio() as twilio, Daemon(folder, house.asterisk, twilio.url, rate=rate) as daemon:
        daemon.apply(guards__per_prefix=100, **changes)
        daemon.apply(**other_practice([e164(did) for did in PATIENT], settle=6))
        daemon.start()
        yield Scene(house, daemon, twilio)


# -- a day in which all goes well, but for what callers do to each other ---------------------------------


@pytest.fixture(scope="module")
def day(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    changes = {"guards__settle": 1, "abandoned__min_hold": 0.1}
    with daemon_of(house, tmp_path_factory.mktemp("day"), **changes) as scene, Callers(house.asterisk) as people:
        gives_up_and_is_called_back(scene)
        people.phone("desk201", answers_after=0.3)
        people.busy_phone("desk202")
        calls = [
            people.call(GIVES_UP, SUPPORT, stays=1.5),
            people.call(TALKS, DESK_201, stays=1),
            people.call(RINGS_OUT, "12025552401"),
            people.call(FINDS_BUSY, DESK_202),
            people.call(HAS_A_NAME, SUPPORT, stays=1, name=NAME),
            people.call(HIDES, SUPPORT, stays=1),
        ]
        calls_that_are_none(house)
        a_caller_forges_the_end_of_another(scene, people)
        for call in calls:
            call.wait()
        scene.daemon.wait_quiet()
        assert scene.daemon.stop() == 0
        yield scene


def gives_up_and_is_called_back(scene: Scene) -> None:
    scene.house.waiting(IS_CALLED_BACK, PATIENT[0]).hang_up()
    scene.daemon.wait_row(e164(IS_CALLED_BACK), disposition="abandoned", verdict=None)
    back = scene.house.desks.call("303", IS_CALLED_BACK)
    scene.house.outside.rings(IS_CALLED_BACK).answer()
    back.wait("up").hang_up()


def calls_that_are_none(house: House) -> None:
    """From desk to desk, answered and not; out over the trunk, answered and not; by the PBX itself."""
    for called in (house.desks.call("304", "305"), house.desks.call("304", OUTSIDER)):
        callee = (house.desks if called.dialled == "305" else house.outside).rings(called.dialled)
        callee.answer()
        called.wait("up").hang_up()
    for called in (house.desks.call("304", "306"), house.desks.call("304", OUTSIDER)):
        callee = (house.desks if called.dialled == "306" else house.outside).rings(called.dialled)
        called.hang_up()
    click = {"Channel": "PJSIP/307", "Context": "from-internal", "Exten": OUTSIDER, "Priority": 1, "Async": "true"}
    house.ami.ask("Originate", **click)
    agent = house.desks.rings("307").answer()
    house.outside.rings(OUTSIDER).answer()
    agent.hang_up()


def a_caller_forges_the_end_of_another(scene: Scene, people: Callers) -> None:
    house = scene.house
    victim = house.waiting(VICTIM, SUPPORT)
    uniqueid = house.joined(VICTIM)["Uniqueid"]
    people.call(forged_number(uniqueid), SUPPORT, stays=0.5).wait()
    house.ami.wait(lambda message: dict(message) == FORGED | {"Uniqueid": uniqueid})
    scene.daemon.wait_line("a caller forges PBX messages")
    assert scene.daemon.rows(e164(VICTIM))[0]["ended_at"] is None
    victim.hang_up()
    house.gone(VICTIM)


def test_a_caller_who_hangs_up_while_waiting_gets_one_text(day: Scene) -> None:
    [post] = day.twilio.posts_to(e164(GIVES_UP))
    assert post.path == f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert post.form == {"To": e164(GIVES_UP), "From": LINE, "Body": SORRY}


def test_the_list_of_calls_tells_how_it_ended_and_what_became_of_it(day: Scene) -> None:
    [call] = [call for call in day.daemon.calls() if call["caller"] == e164(GIVES_UP)]
    [text] = [text for text in day.daemon.messages() if text["to"] == e164(GIVES_UP)]
    assert (call["disposition"], call["queue"], call["did"]) == ("abandoned", "support", SUPPORT)
    assert (call["flow"], call["verdict"], call["reason"]) == ("abandoned", "text", "abandoned")
    assert (call["message_id"], call["message_status"]) == (text["id"], "sent")
    assert (text["from"], text["body"], text["call_id"]) == (LINE, SORRY, call["id"])
    assert call["why"].startswith("text: hung up after ") and call["why"].endswith(" on hold in support")
    assert call["hold_seconds"] == pytest.approx(day.house.held_for(GIVES_UP), abs=0.5)


def test_a_caller_who_is_answered_is_not_texted(day: Scene) -> None:
    [call] = day.daemon.rows(e164(TALKS))
    assert (call["disposition"], call["verdict"], call["answered_by"]) == ("answered", "skip", "desk201")
    assert not day.twilio.posts_to(e164(TALKS))


@pytest.mark.parametrize(
    "number, why", [(RINGS_OUT, "text: nobody picked up"), (FINDS_BUSY, "text: the extension was busy")]
)
def test_a_caller_whom_nobody_answers_is_missed_and_texted(day: Scene, number: str, why: str) -> None:
    [call] = day.daemon.rows(e164(number))
    assert (call["disposition"], call["queue"], call["why"]) == ("missed", None, why)
    [post] = day.twilio.posts_to(e164(number))
    assert post.form["Body"] == "Sorry we missed you, there. Riverside"


def test_calls_within_the_house_and_out_of_it_and_by_click_make_no_row(day: Scene) -> None:
    known = {GIVES_UP, TALKS, RINGS_OUT, FINDS_BUSY, HAS_A_NAME, VICTIM, IS_CALLED_BACK}
    named = [call["caller"] for call in day.daemon.rows() if call["caller"] is not None]
    assert sorted(named) == sorted(e164(number) for number in known)
    assert not day.twilio.posts_to(e164(OUTSIDER))


def test_a_forged_message_about_a_victim_changes_nothing_for_the_victim(day: Scene) -> None:
    [call] = day.daemon.rows(e164(VICTIM))
    assert (call["disposition"], call["verdict"]) == ("abandoned", "text")
    assert call["hold_seconds"] == pytest.approx(day.house.held_for(VICTIM), abs=0.5)
    assert len(day.twilio.posts_to(e164(VICTIM))) == 1


def test_a_forger_is_never_texted_and_the_log_says_so(day: Scene) -> None:
    [call] = [call for call in day.daemon.rows() if call["reason"] == "bad_number"]
    assert (call["caller"], call["verdict"]) == (None, "skip")
    assert call["why"] == "skip: the caller's number carried forged PBX messages"
    assert sum("a caller forges PBX messages" in line for line in day.daemon.log) == 1
    assert len(day.twilio.posts) == len(day.daemon.messages()) == 5


def test_a_name_of_ten_kilobytes_with_quotes_is_kept_as_far_as_the_pbx_gives_it(day: Scene) -> None:
    [call] = day.daemon.rows(e164(HAS_A_NAME))
    assert call["caller_name"].startswith("Ann ") and len(call["caller_name"]) < 100
    assert (call["disposition"], call["message_status"]) == ("abandoned", "sent")


def test_a_caller_who_hides_the_number_is_in_the_log_and_not_texted(day: Scene) -> None:
    [call] = [call for call in day.daemon.rows() if call["reason"] == "withheld_number"]
    assert (call["caller"], call["disposition"], call["queue"]) == (None, "abandoned", "support")


def test_a_caller_whom_staff_call_back_while_the_call_settles_is_not_texted(day: Scene) -> None:
    [call] = day.daemon.rows(e164(IS_CALLED_BACK))
    assert (call["disposition"], call["verdict"], call["reason"]) == ("abandoned", "skip", "came_back")
    assert call["why"].startswith("skip: staff reached the caller")
    assert not day.twilio.posts_to(e164(IS_CALLED_BACK))


def test_the_log_has_no_number_no_text_and_no_secret(day: Scene) -> None:
    log = "\n".join(day.daemon.log)
    assert GIVES_UP not in log and SORRY not in log and day.house.asterisk.secret not in log
    assert "+1202•••0101" in log


# -- a night in which the daemon is killed while all sorts of calls are open ------------------------------


@pytest.fixture(scope="module")
def night(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    changes = {"guards__settle": 0, "abandoned__min_hold": 0, "missed__min_ring": 0}
    # at that rate one text is in hand at a time
    with daemon_of(house, tmp_path_factory.mktemp("night"), rate=1.9, **changes) as scene:
        daemon = scene.daemon
        waits, leaves = house.waiting(WAITS_ON, SUPPORT), house.waiting(LEAVES_UNSEEN, SUPPORT)
        talks, _ = house.talking(TALKS_ON, "12025551308", "308")
        rings = house.outside.call(RINGS_ON, "12025551309")
        house.desks.rings("309")
        a_text_is_in_hand_and_another_waits(scene)
        house.waiting(SETTLES, PATIENT[0]).hang_up()
        daemon.wait_row(e164(SETTLES), disposition="abandoned")
        daemon.kill()
        leaves.hang_up()
        house.gone(LEAVES_UNSEEN)
        comes = house.waiting(COMES_UNSEEN, SUPPORT)
        scene.before = {row["caller"]: row for row in daemon.rows()}
        scene.texts_before = [post.form["To"] for post in scene.twilio.posts]
        scene.twilio.silent.clear()
        daemon.start()
        for leg in (waits, talks, rings, comes):
            leg.hang_up()
        past = house.waiting(WAITS_PAST_STOP, SUPPORT)
        daemon.wait_row(e164(WAITS_PAST_STOP), queue="support")
        scene.stopped = daemon.stop()
        daemon.start()
        past.hang_up()
        house.gone(WAITS_PAST_STOP)
        daemon.wait_row(e164(WAITS_PAST_STOP), disposition="abandoned")
        daemon.wait_quiet()
        daemon.stop()
        yield scene


def a_text_is_in_hand_and_another_waits(scene: Scene) -> None:
    """Twilio has taken the first and says nothing, so that the second stays where it is."""
    scene.twilio.silent.add(e164(IN_HAND))
    scene.house.waiting(IN_HAND, SUPPORT).hang_up()
    until(lambda: scene.twilio.posts_to(e164(IN_HAND)), "the first text")
    scene.house.waiting(QUEUED, SUPPORT).hang_up()
    scene.daemon.wait_row(e164(QUEUED), message_status="queued")


def test_killed_while_a_call_settles_the_daemon_sends_its_text_once_it_is_back(night: Scene) -> None:
    assert night.before[e164(SETTLES)]["verdict"] is None
    assert e164(SETTLES) not in night.texts_before
    [row] = night.daemon.rows(e164(SETTLES))
    assert (row["verdict"], row["message_status"]) == ("text", "sent"), row["why"]
    [post] = night.twilio.posts_to(e164(SETTLES))
    assert (post.form["From"], post.form["Body"]) == (OTHER_LINE, "Lakeside: we got disconnected.")


def test_killed_while_a_text_is_queued_the_daemon_sends_it_once_it_is_back(night: Scene) -> None:
    assert night.before[e164(QUEUED)]["message_status"] == "queued"
    assert e164(QUEUED) not in night.texts_before
    assert len(night.twilio.posts_to(e164(QUEUED))) == 1


def test_killed_while_twilio_has_a_text_the_daemon_finds_it_there_and_sends_it_no_more(night: Scene) -> None:
    assert night.before[e164(IN_HAND)]["message_status"] == "sending"
    assert len(night.twilio.posts_to(e164(IN_HAND))) == 1
    [row] = night.daemon.rows(e164(IN_HAND))
    assert (row["verdict"], row["message_status"]) == ("text", "sent")


@pytest.mark.parametrize("number", [WAITS_ON, WAITS_PAST_STOP])
def test_a_caller_who_waited_all_the_while_keeps_the_time_on_hold_and_gets_one_text(night: Scene, number: str) -> None:
    [row] = night.daemon.rows(e164(number))
    assert (row["disposition"], row["queue"], row["verdict"]) == ("abandoned", "support", "text")
    assert row["hold_seconds"] == pytest.approx(night.house.held_for(number), abs=1.5)
    assert len(night.twilio.posts_to(e164(number))) == 1


def test_a_caller_who_talked_all_the_while_is_answered(night: Scene) -> None:
    [row] = night.daemon.rows(e164(TALKS_ON))
    assert (row["disposition"], row["answered_by"]) == ("answered", "308")
    assert row["answered_at"] == night.before[e164(TALKS_ON)]["answered_at"]


def test_a_caller_for_whom_it_rang_all_the_while_is_missed(night: Scene) -> None:
    [row] = night.daemon.rows(e164(RINGS_ON))
    assert (row["disposition"], row["verdict"]) == ("missed", "text")
    assert len(night.twilio.posts_to(e164(RINGS_ON))) == 1


def test_a_caller_who_left_unseen_is_lost_and_never_texted(night: Scene) -> None:
    [row] = night.daemon.rows(e164(LEAVES_UNSEEN))
    assert (row["disposition"], row["verdict"], row["reason"]) == ("lost", "skip", "unobserved")
    assert not night.twilio.posts_to(e164(LEAVES_UNSEEN))


def test_a_caller_who_came_unseen_and_still_waited_is_followed(night: Scene) -> None:
    assert e164(COMES_UNSEEN) not in night.before
    [row] = night.daemon.rows(e164(COMES_UNSEEN))
    assert (row["disposition"], row["queue"], row["did"]) == ("abandoned", "support", SUPPORT)
    assert row["hold_seconds"] == pytest.approx(night.house.held_for(COMES_UNSEEN), abs=1.5)
    assert len(night.twilio.posts_to(e164(COMES_UNSEEN))) == 1


def test_told_to_end_the_daemon_ends_in_order_with_callers_on_the_line(night: Scene) -> None:
    assert night.stopped == 0
    assert "stopped" in night.daemon.log[-1]


# -- an AMI user that will not do ------------------------------------------------------------------------


def test_a_wrong_password_is_said_plainly_and_tried_again_slowly(house: House, tmp_path: Path) -> None:
    with Twilio() as twilio, Daemon(tmp_path, house.asterisk, twilio.url, secret="wrong-secret") as daemon:
        daemon.apply(guards__settle=0)
        before = len(house.ami.events("InvalidPassword"))
        line = daemon.start(until=None).wait_line("refuses")
        assert "the PBX refuses the AMI user 'textback': Authentication failed; check the secret" in line
        assert line.endswith("next try in 60 s")
        house.waiting(NOBODY_SEES, SUPPORT).hang_up()
        assert daemon.stop() == 0
        assert len(house.ami.events("InvalidPassword")) == before + 1
        assert (daemon.rows(), twilio.posts) == ([], [])
        assert "wrong-secret" not in "\n".join(daemon.log)


def test_a_user_with_too_few_rights_is_said_plainly_and_tried_again_slowly(house: House, tmp_path: Path) -> None:
    with Twilio() as twilio, Daemon(tmp_path, house.asterisk, twilio.url, user="toofew") as daemon:
        daemon.apply(guards__settle=0)
        line = daemon.start(until=None).wait_line("next try in")
        assert "the AMI user 'toofew' may not do what is needed (CoreShowChannels: Permission denied)" in line
        assert "read = system,call,agent,dtmf" in line and "manager.conf" in line
        assert line.endswith("next try in 60 s")
        assert daemon.stop() == 0
        assert daemon.rows() == []


# -- a PBX that dies, or is started again ----------------------------------------------------------------


@pytest.fixture(scope="module")
def outage(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A PBX of its own, which dies with three callers on the line, comes back, and is later shut down in order."""
    pbx = Asterisk(asterisk.version.partition(".")[0])
    folder = tmp_path_factory.mktemp("outage")
    try:
        pbx.start()
        with Twilio() as twilio, Daemon(folder, pbx, twilio.url) as daemon:
            daemon.apply(guards__settle=0, abandoned__min_hold=0)
            daemon.start()
            for end, callers, later in ((pbx.kill, CRASHED, CALLS_LATER), (pbx.stop, SHUT_DOWN, CALLS_LAST)):
                said = len(daemon.log)
                with house_of(pbx) as house:
                    come_to_the_line(house, daemon, callers)
                    end()
                daemon.wait_line("next try in", since=said)
                pbx.start()
                daemon.wait_line("link is up", since=said)
                with house_of(pbx) as house:
                    house.waiting(later, "12025551454").hang_up()
                    daemon.wait_row(e164(later), message_status="sent")
            daemon.wait_quiet()
            assert daemon.stop() == 0
            yield Scene(house, daemon, twilio)
    finally:
        pbx.remove()


def come_to_the_line(house: House, daemon: Daemon, callers: Trio) -> None:
    """One waits in a queue, one talks, for one it rings; the daemon knows."""
    house.talking(callers.talks, "12025551308", "308")
    house.outside.call(callers.rings, "12025551309")
    house.desks.rings("309")
    house.waiting(callers.waits, "12025551454")
    daemon.wait_row(e164(callers.waits), queue="team354")


def test_after_a_crash_and_a_restart_of_the_pbx_later_calls_are_followed(outage: Scene) -> None:
    for number in (CALLS_LATER, CALLS_LAST):
        [row] = outage.daemon.rows(e164(number))
        assert (row["disposition"], row["verdict"]) == ("abandoned", "text")
        assert len(outage.twilio.posts_to(e164(number))) == 1


@pytest.mark.parametrize("number", [CRASHED.waits, CRASHED.talks, CRASHED.rings])
def test_a_call_that_dies_with_the_pbx_is_lost_and_never_texted(outage: Scene, number: str) -> None:
    [row] = outage.daemon.rows(e164(number))
    assert (row["disposition"], row["verdict"], row["reason"]) == ("lost", "skip", "unobserved")
    assert not outage.twilio.posts_to(e164(number))


def test_a_caller_cut_off_by_a_pbx_that_shuts_down_in_order_is_abandoned_and_texted(outage: Scene) -> None:
    [row] = outage.daemon.rows(e164(SHUT_DOWN.waits))
    assert (row["disposition"], row["queue"], row["verdict"]) == ("abandoned", "team354", "text")
    assert row["why"].startswith("text: was cut off after")
    assert len(outage.twilio.posts_to(e164(SHUT_DOWN.waits))) == 1


@pytest.mark.parametrize("number, ending", [(SHUT_DOWN.talks, "answered"), (SHUT_DOWN.rings, "missed")])
def test_other_calls_that_end_with_a_shutdown_end_as_they_were(outage: Scene, number: str, ending: str) -> None:
    [row] = outage.daemon.rows(e164(number))
    assert row["disposition"] == ending
    assert len(outage.twilio.posts_to(e164(number))) == (1 if ending == "missed" else 0)
