"""The audit sees what is wrong, and excuses only what the daemon cannot have seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.twilio import Taken
from tests.soak.audit import Circumstances, faults_of, faults_of_text
from tests.soak.visits import ABANDONED, ANSWERED, MISSED, TEXTED, Expected, Visit

NUMBER = "12027000001"
GAVE_UP = {"disposition": "abandoned", "verdict": "text", "reason": "abandoned", "backfilled": False}
LOST = {"disposition": "lost", "verdict": "skip", "reason": "unobserved", "backfilled": False}
TEXT = {"id": "a", "to_number": f"+{NUMBER}", "body": "Hello", "status": "sent", "reason": None, "provider_id": "SM1"}
TEXT |= {"flow": "abandoned"}
THERE = Taken("SM1", "a", f"+{NUMBER}", "+12025550100", "Hello", 0.0)
SEEN, BLIND, UNSEEN = Circumstances(), Circumstances(blind=True), Circumstances(blind=True, unseen=True)
LATE, TROUBLE = Circumstances(late=True), Circumstances(trouble=True)


def visit(expected: Expected = ABANDONED, kind: str = "gives up", **changes: Any) -> Visit:
    return Visit("main", NUMBER, kind, expected, "main/1.1", marks=[1.0, 9.0], ended_at=9.0, **changes)


def row(**changes: Any) -> dict[str, Any]:
    return GAVE_UP | {"caller": f"+{NUMBER}"} | changes


def became(seen: Circumstances, one: Visit, *texts: dict[str, Any], **changes: Any) -> list[str]:
    return faults_of(one, row(**changes), texts, seen)


def test_a_call_that_became_what_it_was_has_no_fault() -> None:
    assert became(SEEN, visit(), TEXT) == []


@pytest.mark.parametrize("seen", [SEEN, BLIND, LATE, TROUBLE])
def test_whoever_was_answered_must_never_be_texted(seen: Circumstances) -> None:
    assert became(seen, visit(ANSWERED, "answered"), TEXT)


@pytest.mark.parametrize(
    ("seen", "changes", "is_wrong"),
    [
        (SEEN, LOST, True),
        (BLIND, LOST, False),
        (LATE, LOST, True),
        (SEEN, {"verdict": "skip", "reason": "short_hold"}, True),
        (LATE, {"verdict": "skip", "reason": "short_hold"}, False),
        (SEEN, {"verdict": "skip", "reason": "opted_out"}, True),
        (BLIND, {"verdict": "skip", "reason": "cooldown"}, True),
        (SEEN, {"disposition": "missed", "reason": "missed"}, True),
        (SEEN, {"backfilled": True}, True),
        (BLIND, {"backfilled": True}, False),
        (SEEN, {"verdict": "held", "reason": "too_old"}, True),
        (TROUBLE, {"verdict": "held", "reason": "too_old"}, False),
        (BLIND, {"caller": "+12025550123"}, True),
    ],
)
def test_only_what_was_not_seen_in_time_is_excused(
    seen: Circumstances, changes: dict[str, Any], is_wrong: bool
) -> None:
    texts = [TEXT] if (GAVE_UP | changes)["verdict"] != "skip" else []
    assert bool(became(seen, visit(), *texts, **changes)) is is_wrong


def test_a_call_that_is_missing_is_excused_only_if_nobody_could_see_any_of_it() -> None:
    assert faults_of(visit(), None, [], BLIND) and not faults_of(visit(), None, [], UNSEEN)


def test_a_text_too_many_one_too_few_and_one_to_somebody_else_are_found() -> None:
    assert became(SEEN, visit(), TEXT, TEXT) and became(SEEN, visit())
    assert became(SEEN, visit(), TEXT | {"to_number": "+12025550123"})
    assert became(SEEN, visit(ANSWERED, "answered"), TEXT, disposition="answered", verdict="skip", reason="answered")


def test_what_a_hook_said_is_what_must_come_of_it() -> None:
    texted = {"disposition": "texted", "reason": "call_to_text"}
    said = visit(TEXTED, "asks by hook", said={"call-to-text": "texted"})
    assert became(SEEN, said, TEXT) and not became(SEEN, said, TEXT, **texted)
    unsaid = visit(TEXTED, "asks by hook", said={"call-to-text": "error"})
    assert not became(SEEN, unsaid, TEXT) and not became(SEEN, unsaid, TEXT, **texted)


@pytest.mark.parametrize(
    ("cut", "changes"),
    [("crash", LOST), ("talking", {"disposition": "answered", "verdict": "skip", "reason": "answered"})],
)
def test_whom_the_pbx_cut_off_is_what_they_were_then(cut: str, changes: dict[str, Any]) -> None:
    assert not became(BLIND, visit(MISSED, "rings out", cut=cut), **changes)
    assert became(BLIND, visit(MISSED, "rings out", cut=cut), TEXT, disposition="missed", reason="missed")


@pytest.mark.parametrize(
    ("changes", "taken", "words"),
    [
        ({}, [THERE, THERE], "handed over 2 times"),
        ({}, [], "has it not"),
        ({"status": "held"}, [THERE], "but the provider has it"),
        ({}, [replace(THERE, to="+12025550123")], "another number"),
        ({}, [replace(THERE, body="Bye")], "other words"),
        ({"provider_id": "SM2"}, [THERE], "another provider's id"),
        ({"status": "failed"}, [], "refused nothing"),
    ],
)
def test_a_text_that_is_not_what_the_provider_has_is_found(
    changes: dict[str, Any], taken: list[Taken], words: str
) -> None:
    faults = faults_of_text(TEXT | changes, taken, [(0.0, None)])
    assert any(words in fault for fault in faults), faults


def test_a_text_that_the_provider_has_once_is_well() -> None:
    assert faults_of_text(TEXT, [THERE], [(0.0, None)]) == []
