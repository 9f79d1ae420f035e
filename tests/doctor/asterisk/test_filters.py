from __future__ import annotations

import pytest

from textback.dialplans import MANAGER
from textback.doctor.asterisk.confs import Entry
from textback.doctor.asterisk.filters import Filter, abused, hidden, needed, passes, read_filter
from textback.doctor.asterisk.wanted import dialplan_files


def filters(*texts: str) -> list[Filter]:
    return [read_filter(Entry("eventfilter", text, "manager.conf", 1, text)) for text in texts]


def shipped() -> list[Filter]:
    lines = dialplan_files()[MANAGER].splitlines()
    return filters(*(line.partition(" = ")[2] for line in lines if line.startswith("eventfilter")))


def test_the_shipped_ones_hide_nothing_that_is_needed_and_cannot_be_abused() -> None:
    assert len(shipped()) == 3
    assert hidden(shipped()) == [] and abused(shipped()) == []


def test_they_do_hide_the_rest_of_the_dialplans_chatter() -> None:
    event = dict(needed())["VarSet of QUEUESTATUS"]
    assert passes(shipped(), event)
    assert not passes(shipped(), event.replace("QUEUESTATUS", "MOODSTATUS"))


def test_without_any_everything_comes() -> None:
    assert hidden([]) == []


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("!^Event: QueueCaller", "QueueCallerJoin"),
        ("!^Event: VarSet", "VarSet of QUEUESTATUS"),
        ("^Event: (Queue|Agent)", "Newchannel"),
        ("!Context: from-trunk", "Hangup"),
    ],
)
def test_what_hides_an_event_that_is_needed_is_found(text: str, lost: str) -> None:
    assert lost in hidden(filters(text))


@pytest.mark.parametrize("text", ["!^Event: RTCP", "!^Event: (DeviceStateChange|QueueMemberStatus)", "^Event: Queue"])
def test_what_looks_at_the_name_of_an_event_alone_cannot_be_abused(text: str) -> None:
    assert abused(filters(text)) == []


@pytest.mark.parametrize("text", ["!Event: RTCP", "!CallerIDName: Test", "!^Event: VarSet.*Variable: X", "!Local/"])
def test_what_looks_further_can_hide_whoever_calls_themselves_so(text: str) -> None:
    assert [one.text for one in abused(filters(text))] == [text]
    word = text.removeprefix("!").removeprefix("^").partition(".*")[2] or text.removeprefix("!")
    event = dict(needed())["VarSet of QUEUESTATUS"].replace("Ada", word)
    assert not passes(filters(text), event)


def test_what_is_no_regular_expression_is_neither_judged_nor_fatal() -> None:
    (broken,) = filters("!^Event: (")
    assert broken.pattern is None and hidden([broken]) == []
