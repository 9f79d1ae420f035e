from __future__ import annotations

import pytest

from textback.doctor.asterisk.look import Look
from textback.doctor.asterisk.user import PRESENTATION, RELOAD, examine_user
from textback.doctor.finding import SHELL, Finding, Status

from tests.practices import practice

from ..house import House, failures, statuses

EVERYTHING = frozenset({"Redirect", "ShowDialPlan", "QueueStatus"})


def seen(**more: object) -> Look:
    look = Look(booted=True, actions=EVERYTHING)
    for name, value in more.items():
        setattr(look, name, value)
    return look


def examine(home: House, look: Look | None, files: bool = True) -> list[Finding]:
    return list(examine_user(home.wanted, home.etc if files else None, look))


def named(findings: list[Finding], check: str) -> Finding:
    (found,) = [finding for finding in findings if finding.check == f"main/{check}"]
    return found


def test_a_user_as_it_must_be_is_right(home: House) -> None:
    assert set(statuses(examine(home, seen())).values()) == {"ok"}
    assert set(statuses(examine(home, None)).values()) == {"ok"}


@pytest.mark.parametrize("kind", ["call", "agent", "dtmf", "dialplan"])
def test_a_class_that_is_missing_is_found_in_the_file(home: House, kind: str) -> None:
    rest = ",".join(one for one in ("system", "call", "agent", "dtmf", "dialplan") if one != kind)
    home.change("manager.conf", "read = system,call,agent,dtmf,dialplan", f"read = {rest}")
    (finding,) = failures(examine(home, seen()))
    assert finding.check == f"main/read={kind}" and finding.file == "manager.conf"
    assert finding.lines == ("[tb](+)", "read = system,call,agent,dtmf,dialplan")


def test_without_a_file_only_what_came_is_known(home: House) -> None:
    found = examine(home, seen(heard={"call"}, missed={"agent"}), files=False)
    assert {kind: named(found, f"read={kind}").status.value for kind in ("system", "call", "agent", "dtmf")} == {
        "system": "ok", "call": "ok", "agent": "failed", "dtmf": "skipped",
    }  # fmt: skip
    assert "--listen" in named(found, "read=dtmf").message


def test_nobody_who_may_not_see_restarts_is_told_of_the_boot(home: House) -> None:
    assert named(examine(home, seen(booted=False), files=False), "read=system").status is Status.FAILED


def test_what_the_pbx_says_of_the_user_counts_as_a_file_does(home: House) -> None:
    found = examine(home, seen(read=frozenset({"system", "call"})), files=False)
    assert named(found, "read=call").status is Status.OK and named(found, "read=dtmf").status is Status.FAILED


def test_a_file_that_says_more_than_what_comes_was_not_reloaded(home: House) -> None:
    found = named(examine(home, seen(booted=False)), "read=system")
    assert (found.status, found.lines, found.file) == (Status.FAILED, (RELOAD,), SHELL)
    found = named(examine(home, seen(actions=EVERYTHING - {"Redirect"})), "write=call")
    assert (found.status, found.lines, found.file) == (Status.FAILED, (RELOAD,), SHELL)


def test_what_the_user_may_do_is_what_the_pbx_lists(home: House) -> None:
    found = named(examine(home, seen(actions=frozenset({"QueueStatus", "Redirect"})), files=False), "write=reporting")
    assert found.lines == ("[tb](+)", "write = call,agent,reporting")


def test_whispers_need_a_class_of_their_own(home: House) -> None:
    home.practices = (practice(call_to_text__offer="whisper"),)
    (finding,) = failures(examine(home, seen()))
    assert finding.lines == ("[tb](+)", "write = call,agent,reporting,originate")


def test_an_asterisk_without_queues_is_found(home: House) -> None:
    (finding,) = failures(examine(home, seen(actions=EVERYTHING - {"QueueStatus"})))
    assert finding.check == "main/app_queue"


def test_a_filter_that_callers_can_abuse_is_replaced(home: House) -> None:
    text = (home.folder / "etc/manager.conf").read_text()
    home.write("manager.conf", text[: text.index("eventfilter")] + "eventfilter=!Event: VarSet ; quiet\n")
    (finding,) = failures(examine(home, seen()))
    assert finding.replaces == ("eventfilter=!Event: VarSet ; quiet",) and len(finding.lines) == 3


def test_no_filter_at_all_costs_traffic(home: House) -> None:
    text = (home.folder / "etc/manager.conf").read_text()
    home.write("manager.conf", text[: text.index("eventfilter")])
    found = named(examine(home, seen()), "eventfilter")
    assert found.status is Status.WARNING and len(found.lines) == 4


def test_filters_that_cannot_be_read_are_told(home: House) -> None:
    home.write(
        "manager.conf", (home.folder / "etc/manager.conf").read_text() + "eventfilter(name(X)) =\neventfilter = !^(\n"
    )
    warned = [f.message for f in examine(home, seen()) if f.status is Status.WARNING]
    assert ["Asterisk 22" in message for message in warned] == [False, True] and "!^(" in warned[0]


def test_channelvars_take_a_restart(home: House) -> None:
    assert named(examine(home, seen(presentation=False)), "channelvars").file == SHELL
    home.change("manager.conf", f"channelvars = {PRESENTATION}", "channelvars = FROM_DID")
    assert named(examine(home, seen()), "channelvars").lines == (
        "[general](+)",
        f"channelvars = FROM_DID,{PRESENTATION}",
    )
    assert named(examine(home, seen(presentation=True)), "channelvars").status is Status.OK
    assert named(examine(home, seen(), files=False), "channelvars").status is Status.SKIPPED
