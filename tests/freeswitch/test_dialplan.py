"""The dialplan for FreeSWITCH in a real one: what callers hear, where they are afterwards, and who is not there."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import pytest

from tests.freeswitch.switch import Switch, needs_freeswitch, until
from tests.freeswitch.test_hooks import hooks
from tests.hooks.desks import FakeDesk
from tests.lab.hearing import Hearing
from tests.lab.leg import Leg
from tests.lab.phones import Phones
from tests.test_dialplans import on_hold
from textback.dialplans import ESL, FREESWITCH_FILES, reach, render_freeswitch
from textback.dialplans.freeswitch_headings import DIALPLAN
from textback.hooks.desk import Answer, Offer
from textback.shipped import package

pytestmark = needs_freeswitch

AFTERWARDS = """<include>
  <context name="textback-test">
    <extension name="afterwards">
      <condition field="destination_number" expression="^afterwards$">
        <action application="playback" data="silence_stream://20000"/>
        <action application="hangup"/>
      </condition>
    </extension>
    <extension name="own-queue">
      <condition field="destination_number" expression="^own-queue$">
        <action application="set" data="textback_back=own-queue XML textback-test"/>
        <action application="set" data="cc_exit_keys=5"/>
        <action application="callcenter" data="${textback_queue}"/>
        <action application="transfer" data="textback-left XML textback"/>
      </condition>
    </extension>
  </context>
</include>
"""
#: less than this it costs a caller if nobody listens, and more than textback_patience if nobody answers, in seconds
AT_ONCE, PATIENCE = 1.5, 3.0


@pytest.fixture(scope="module")
def switch() -> Iterator[Switch]:
    """With a context of the tests' own for what comes after a queue."""
    found = Switch()
    if queue_of(found) is None:
        pytest.skip("this FreeSWITCH has no queue with time-base-score=system")
    with found.dialplan("textback_test", AFTERWARDS):
        yield found


@pytest.fixture
def phones(switch: Switch) -> Iterator[Phones]:
    with Phones(switch.sip_port, "127.0.0.1", 0) as phones:
        yield phones


def queue_of(switch: Switch) -> str | None:
    """A queue in which callers wait for as long as they want."""
    rows = [row.split("|") for row in switch.api("callcenter_config queue list").splitlines()]
    named = [dict(zip(rows[0], row, strict=False)) for row in rows[1:] if len(row) > 5]
    waiting = [row for row in named if row["time_base_score"] == "system" and row["max_wait_time"] == "0"]
    return waiting[0]["name"] if waiting else None


@contextmanager
def loaded(switch: Switch, port: int, **changes: str) -> Iterator[None]:
    """The dialplan as it is rendered for hooks at that port, loaded."""
    shipped = {name: (files(package("dialplan")) / "freeswitch" / name).read_text("utf-8") for name in FREESWITCH_FILES}
    way = reach("main", "127.0.0.1", ("127.0.0.1", port), listener=ESL)
    text = render_freeswitch(shipped, "main", "en", way, [on_hold("support")]).files[DIALPLAN]
    for name, value in changes.items():
        text, found = re.subn(rf'data="textback_{name}=[^"]*"', f'data="textback_{name}={value}"', text, count=1)
        assert found
    with switch.dialplan("textback", text):
        yield


def waiting(switch: Switch, phones: Phones, at: str = "textback-queue XML textback") -> Leg:
    """A caller who waits in the queue, which the dialplan has there."""
    queue = queue_of(switch)
    assert queue is not None
    into = f"'&transfer({at})'"
    leg = switch.call(phones, into, textback_queue=queue, textback_next="afterwards XML textback-test")
    until(lambda: switch.place(queue, leg), "a place in the queue")
    return leg


def is_back(switch: Switch, leg: Leg, first: dict[str, str]) -> dict[str, str]:
    """The caller's place, once it is another one than the first."""

    def place() -> dict[str, str] | None:
        found = switch.place(queue_of(switch) or "", leg)
        return found if found and found["uuid"] != first["uuid"] else None

    found: dict[str, str] = until(place, "a place in the queue again")
    return found


def place(switch: Switch, leg: Leg) -> dict[str, str]:
    found = switch.place(queue_of(switch) or "", leg)
    assert found is not None
    return found


def test_the_key_brings_a_text_and_ends_the_call(switch: Switch, phones: Phones) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl, loaded(switch, esl.port), Hearing(phones) as hearing:
        leg = waiting(switch, phones)
        leg.press("5")
        leg.wait("over")
        assert hearing.heard(leg, "confirmed")
    assert desk.asked_for == [("call_to_text", None), ("after_text",)]
    assert desk.asked[0][1].queue == queue_of(switch)


def test_other_digits_change_nothing(switch: Switch, phones: Phones) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl, loaded(switch, esl.port):
        leg = waiting(switch, phones)
        first = place(switch, leg)
        switch.press(leg, "379")  # the last is taken when all that comes of those before it has come
        assert place(switch, leg)["uuid"] == first["uuid"]
        leg.hang_up()
    assert desk.asked == []


@pytest.mark.parametrize(
    ("desk", "prompt"),
    [
        (FakeDesk(after="stay"), "confirmed"),
        (FakeDesk(answers=[Answer("refused", "landline")]), "landline"),
        (FakeDesk(answers=[Answer("refused", "budget")]), "cannot-text"),
        (FakeDesk(fails=RuntimeError("gone")), "cannot-text"),
    ],
)
def test_who_stays_hears_why_and_keeps_their_place(
    switch: Switch, phones: Phones, desk: FakeDesk, prompt: str
) -> None:
    with hooks(desk) as esl, loaded(switch, esl.port), Hearing(phones) as hearing:
        leg = waiting(switch, phones)
        first, began = place(switch, leg), time.monotonic()
        leg.press("5")
        again = is_back(switch, leg, first)
        away = time.monotonic() - began
        assert hearing.heard(leg, prompt)
        assert int(again["score"]) >= int(first["score"]) + int(away) - 1, "the time away counts as waited"
        leg.hang_up()


def test_nobody_at_the_address_costs_no_place_and_no_word(switch: Switch, phones: Phones) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with loaded(switch, port):
        leg = waiting(switch, phones)
        first, began = place(switch, leg), time.monotonic()
        leg.press("5")
        is_back(switch, leg, first)
        assert time.monotonic() - began < AT_ONCE
        leg.hang_up()


@contextmanager
def stranger(closes: bool) -> Iterator[int]:
    """Somebody at the address who takes connections and says nothing, or closes at once."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return
                if closes:
                    held.pop().close()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for one in held:
            _let_go(one)


def _let_go(connection: socket.socket) -> None:
    """Say that we are gone; FreeSWITCH closes when it has done what it does then."""
    with connection:
        connection.settimeout(10)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            continue


def test_a_daemon_that_closes_at_once_costs_no_place_and_no_word(switch: Switch, phones: Phones) -> None:
    with stranger(closes=True) as port, loaded(switch, port):
        leg = waiting(switch, phones)
        first, began = place(switch, leg), time.monotonic()
        leg.press("5")
        is_back(switch, leg, first)
        assert time.monotonic() - began < AT_ONCE
        leg.hang_up()


def test_a_daemon_that_hangs_is_left_and_who_was_left_stays_where_they_are(switch: Switch, phones: Phones) -> None:
    with Hearing(phones) as hearing, stranger(closes=False) as port, loaded(switch, port):
        leg = waiting(switch, phones)
        first, began = place(switch, leg), time.monotonic()
        leg.press("5")
        again = is_back(switch, leg, first)
        assert time.monotonic() - began > PATIENCE
        assert hearing.heard(leg, "cannot-text")
    # Now it has closed, and FreeSWITCH gives the call up to nobody: what the caller is in takes a key still.
    switch.press(leg, "9")
    assert place(switch, leg)["uuid"] == again["uuid"]
    leg.hang_up()


def test_who_is_moved_to_the_offer_hears_it_and_is_texted(switch: Switch, phones: Phones) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl, loaded(switch, esl.port), Hearing(phones) as hearing:
        leg = waiting(switch, phones)
        assert "+OK" in switch.api(f"uuid_transfer {switch.uuid(leg)} textback-offer")
        until(lambda: hearing.heard(leg, "offer"), "the offer")
        leg.press("5")
        leg.wait("over")
    assert desk.asked_for == [("may_offer",), ("call_to_text", None), ("after_text",)]


@pytest.mark.parametrize("desk", [FakeDesk(), FakeDesk(offers=Offer(False, "landline"))])
def test_who_does_not_press_or_cannot_be_texted_is_back_at_their_place(
    switch: Switch, phones: Phones, desk: FakeDesk
) -> None:
    with hooks(desk) as esl, loaded(switch, esl.port, timeout="1"):
        leg = waiting(switch, phones)
        first = place(switch, leg)
        switch.api(f"uuid_transfer {switch.uuid(leg)} textback-offer")
        assert int(is_back(switch, leg, first)["score"]) >= int(first["score"])
        leg.hang_up()
    assert [asked for asked, in desk.asked_for] == ["may_offer"]


def test_who_pressed_the_key_on_the_link_is_told_and_goes_on_waiting(switch: Switch, phones: Phones) -> None:
    with Hearing(phones) as hearing, loaded(switch, 1):
        leg = waiting(switch, phones)
        uuid, first = switch.uuid(leg), place(switch, leg)
        switch.api(f"uuid_setvar_multi {uuid} TEXTBACK_RESULT=texted;TEXTBACK_AFTER=stay")
        switch.api(f"uuid_transfer {uuid} textback-confirm")
        is_back(switch, leg, first)
        assert hearing.heard(leg, "confirmed") and hearing.heard(leg, "stay")
        leg.hang_up()


def test_a_queue_line_that_has_to_stay_is_come_back_to(switch: Switch, phones: Phones) -> None:
    desk = FakeDesk(after="stay")
    with hooks(desk) as esl, loaded(switch, esl.port):
        leg = waiting(switch, phones, "own-queue XML textback-test")
        first = place(switch, leg)
        leg.press("5")
        is_back(switch, leg, first)
        leg.hang_up()
    assert desk.asked_for == [("call_to_text", None), ("after_text",)]


def test_a_caller_the_queue_gives_up_on_goes_on_in_the_dialplan(switch: Switch, phones: Phones) -> None:
    desk = FakeDesk()
    with hooks(desk) as esl, loaded(switch, esl.port):
        into = "'&transfer(textback-no-answer XML textback)'"
        more = {"cc_cause": "cancel", "cc_cancel_reason": "TIMEOUT", "textback_next": "afterwards XML textback-test"}
        leg = switch.call(phones, into, **more)
        uuid = switch.uuid(leg)
        until(lambda: switch.variable(uuid, "current_application_data").startswith("silence"), "what comes afterwards")
        leg.hang_up()
    assert desk.asked_for == [("no_answer", "TIMEOUT")]
