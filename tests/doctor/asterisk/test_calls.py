from __future__ import annotations

import pytest

from textback.doctor.asterisk.calls import examine_calls
from textback.doctor.asterisk.plan import plan_of
from textback.doctor.finding import Finding, Status

from ..house import EXTENSIONS, House, failures

CALL = "Gosub(textback-queue,s,1(support,t,,,300))"
BACK = "Set(TEXTBACK_BACK=${CONTEXT},${EXTEN},queue)\n same => n(queue),Queue(support,t,,,60"


def examine(home: House, line: str, major: int | None = 22) -> list[Finding]:
    home.write("extensions.conf", EXTENSIONS.replace(CALL, line))
    conf = home.etc.get("extensions.conf")
    return list(examine_calls(home.wanted, home.etc, plan_of(conf) if conf else None, major))


def test_our_own_context_is_right(home: House) -> None:
    assert [finding.status for finding in examine(home, CALL)] == [Status.OK]


@pytest.mark.parametrize(("major", "commas"), [(22, 4), (21, 4), (20, 5), (16, 5)])
def test_the_position_is_looked_for_where_each_asterisk_takes_it(home: House, major: int, commas: int) -> None:
    right = f"{BACK}{',' * commas}${{TEXTBACK_POSITION}})"
    assert failures(examine(home, right, major)) == []
    wrong = f"{BACK}{',' * (9 - commas)}${{TEXTBACK_POSITION}})"
    (finding,) = failures(examine(home, wrong, major))
    assert finding.lines == (right.partition("\n")[2],)
    assert finding.replaces == (wrong.partition("\n")[2],) and finding.file == "extensions.conf"


def test_which_place_is_right_is_not_guessed(home: House) -> None:
    (finding,) = examine(home, f"{BACK},,,,${{TEXTBACK_POSITION}})", None)
    assert finding.status is Status.SKIPPED and "--asterisk" in finding.message


def test_without_a_way_back_the_lines_give_the_call_a_label(home: House) -> None:
    (finding,) = failures(examine(home, "Queue(support,t,,,60,,,,${TEXTBACK_POSITION})"))
    assert finding.check == "main/fallback"
    assert finding.lines == (
        " same => n,Set(TEXTBACK_BACK=${CONTEXT},${EXTEN},queue)",
        " same => n(queue),Queue(support,t,,,60,,,,${TEXTBACK_POSITION})",
    )


def test_a_queue_that_is_called_plainly_is_to_be_called_by_ours(home: House) -> None:
    (finding,) = failures(examine(home, "Queue(support,t,,,300,,,gosub)"))
    assert finding.lines == (" same => n,Gosub(textback-queue,s,1(support,t,,,300,,,gosub))",)
    (finding,) = failures(examine(home, "Queue(support,t,,,300,,macro,gosub)", 16))
    assert finding.lines == (" same => n,Gosub(textback-queue,s,1(support,t,,,300,,gosub))",)


def test_queues_that_nobody_offers_a_text_in_and_freepbxs_own_lines_are_left_alone(home: House) -> None:
    assert failures(examine(home, "Queue(sales,t)")) == []
    assert (
        failures(examine(home, "NoOp()\n[ext-queues]\nexten => 600,1,Queue(support,t)\n[x]\nexten => 1,1,NoOp()")) == []
    )


def test_a_hook_of_the_houses_own_has_to_ask_at_our_address_and_to_go_on(home: House) -> None:
    ask = "AGI(agi://{}/call-to-text?queue=x)"
    (wrong,) = failures(examine(home, ask.format("10.9.9.9:4573")))
    assert wrong.lines == (" same => n," + ask.format("127.0.0.1:4573"),)
    findings = examine(home, ask.format("127.0.0.1:4573"))
    assert [f.status for f in findings if f.check == "main/fallback"] == [Status.WARNING]
    ends = examine(home, ask.format("127.0.0.1:4573") + "\n[other]\nexten => 1,1,NoOp()")
    assert [f.check for f in failures(ends)] == ["main/fallback"]


def test_agi_that_is_not_about_us_is_none_of_our_business(home: House) -> None:
    assert failures(examine(home, "AGI(agi://10.9.9.9/survey)")) == []


def test_where_no_text_is_offered_nothing_is_said(home: House) -> None:
    home.practices = ()
    assert examine(home, "Queue(support,t)") == []


def test_freepbxs_own_line_has_to_bear_the_label_that_we_go_back_to(home: House) -> None:
    home.write("extensions_additional.conf", "")
    line = "NoOp()\n[ext-queues]\nexten => support,1,Answer()\n same => n(qcall),Queue(support,t)"
    assert failures(examine(home, line)) == []
    (finding,) = failures(examine(home, line.replace("(qcall)", "")))
    assert finding.check == "main/fallback" and "no label qcall" in finding.message
