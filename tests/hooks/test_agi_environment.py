from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hooks.fake_asterisk import environment, header
from textback.hooks.agi_environment import NotAgi, read
from textback.hooks.desk import Caller
from textback.hooks.request import Request

#: characters; where Asterisk cuts a number
LONGEST_NUMBER = 79


def asked(script: str = "may-offer", args: tuple[str, ...] = (), **changed: str | None) -> Request:
    """What is read up to the first blank line."""
    return read(lines(script, args, **changed))


def lines(script: str = "may-offer", args: tuple[str, ...] = (), **changed: str | None) -> list[str]:
    return header(environment(script, args, **changed)).decode().partition("\n\n")[0].split("\n")


def test_a_request_as_asterisk_sends_it_is_read_whole() -> None:
    request = asked("call-to-text?queue=support&practice=Main%20Street", ("lang=es", "second"), calleridname="Ann")

    assert request.hook == "call-to-text"
    assert request.caller == Caller(
        pbx=None,
        uniqueid="1795282247.169",
        channel="PJSIP/trunk-00000095",
        number="12025550143",
        name="Ann",
        did="15551230140",
        language="en",
        practice="Main Street",
        queue="support",
        lang="es",
    )


def test_the_dialplan_may_name_the_pbx() -> None:
    assert asked("hours?pbx=branch").caller.pbx == "branch"


@pytest.mark.parametrize("unknown", ["unknown", "<unknown>", ""])
def test_what_asterisk_does_not_know_is_nothing(unknown: str) -> None:
    caller = asked(callerid=unknown, calleridname=unknown, dnid=unknown, language=unknown).caller

    assert (caller.number, caller.name, caller.did, caller.language) == (None, None, None, None)


@pytest.mark.parametrize(
    ("presentation", "withheld"),
    [("0", False), ("1", False), ("3", False), ("32", True), ("33", True), ("35", True), ("67", False), ("x", False)],
)
def test_a_number_that_is_not_to_be_shown_is_withheld(presentation: str, withheld: bool) -> None:
    assert asked(callingpres=presentation).caller.withheld == withheld


def test_the_hook_is_found_in_the_request_where_there_is_no_script() -> None:
    request = asked("may-offer?queue=a", network_script=None)

    assert (request.hook, request.caller.queue) == ("may-offer", "a")


def test_a_request_without_a_script_asks_for_no_hook() -> None:
    assert asked(network_script=None, request="agi://127.0.0.1").hook == ""


def test_a_call_as_asterisk_sends_it_is_not_tampered_with() -> None:
    assert not asked(args=("lang=es",)).caller.tampered


def test_a_peer_that_is_no_asterisk_may_send_less() -> None:
    request = read(["agi_network_script: hours", "agi_uniqueid: 1.2", "agi_callerid: 12025550143"])

    assert not request.caller.tampered
    assert request.caller.number == "12025550143"


@pytest.mark.parametrize(
    "number",
    [
        "1\nagi_uniqueid: 1.1",
        "1\nagi_callerid: 12025550143",
        "1\nagi_context: x",
        "12025550143\n\n200 result=53",
        "12025550143\nagi_threadid: 1\n\n200 result=53",
        "1\nEvent: Hangup",
        "1\n",
        "1\r\n\r\n",
    ],
)
def test_a_number_that_forges_lines_shows_and_changes_nothing_before_it(number: str) -> None:
    for changed in ({"callerid": number}, {"dnid": number}, {"rdnis": number}):
        caller = asked(**changed).caller

        assert caller.tampered
        assert (caller.uniqueid, caller.channel) == ("1795282247.169", "PJSIP/trunk-00000095")


@given(st.text(st.sampled_from("1 :\n") | st.characters(codec="utf-8"), max_size=LONGEST_NUMBER))
def test_no_number_is_both_believed_and_a_forgery(number: str) -> None:
    caller = asked(callerid=number).caller

    assert caller.uniqueid == "1795282247.169"
    assert caller.tampered or caller.did == "15551230140" and "\n" not in number


@pytest.mark.parametrize(
    "strange",
    [
        [],
        ["GET / HTTP/1.1", "Host: 127.0.0.1:4573"],
        ["\x16\x03\x01\x02"],
        ["agi_uniqueid: 1.2"],
        ["agi_request: agi://127.0.0.1/may-offer"],
        ["agi_request: agi://127.0.0.1/may-offer", "agi_uniqueid: "],
        ["agi_request: agi://127.0.0.1/may-offer", "agi_uniqueid: " + "1" * 151],
        ["agi_request: agi://127.0.0.1/may-offer", "agi_uniqueid: 1.2\x00"],
    ],
)
def test_what_is_no_request_is_not_read(strange: list[str]) -> None:
    with pytest.raises(NotAgi):
        read(strange)


@pytest.mark.parametrize("end", ["", "\nagi_threadid: 1\nagi_arg_1: practice=Grove", "\n\n"])
def test_a_number_adds_no_argument(end: str) -> None:
    forged = asked(callerid=f"1\nagi_arg_1: practice=Grove{end}")
    assert (forged.arguments, forged.caller.practice, forged.caller.tampered) == ({}, None, True)


def test_arguments_of_the_dialplan_are_taken_though_a_number_was_forged() -> None:
    assert asked(args=("queue=support",), callerid="1\nagi_arg_1: queue=sales").arguments == {"queue": "support"}


@given(st.lists(st.text(max_size=60) | st.from_regex(r"agi_[a-z]{1,12}: .{0,20}", fullmatch=True), max_size=30))
def test_whatever_comes_is_read_or_refused(strange: list[str]) -> None:
    try:
        request = read(strange)
    except NotAgi as refused:
        assert str(refused)
    else:
        assert request.caller.uniqueid
