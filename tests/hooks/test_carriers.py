"""One hook, asked by Asterisk and by FreeSWITCH in either of its modes: the same answers, the same prompts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hooks.desks import HASTY, FakeDesk, called, called_esl
from textback.hooks.desk import About, Answer, Offer
from textback.hooks.patience import Patience

MODES = ["async full", "async", "full", ""]
NO_OFFER = Offer(False, "withheld_number")
ANOTHER: dict[str, Any] = {"keys": ["5", "1"], "entered": ["2025550199"]}
REFUSED = [Answer("refused", "landline")]

#: what a dialplan asks for, the desk's behaviour, what the caller does, and how patient the daemon is
ASKED: list[tuple[str, dict[str, Any], dict[str, Any], Patience]] = [
    ("may-offer?queue=support", {}, {}, Patience()),
    ("may-offer", {"offers": Offer(False, "landline", "7")}, {}, Patience()),
    ("may-offer", {"fails": RuntimeError("gone")}, {}, Patience()),
    ("may-offer", {"hangs": "may_offer"}, {}, HASTY),
    ("call-to-text?queue=support&lang=es", {"after": "stay"}, {}, Patience()),
    ("call-to-text", {"answers": [Answer("refused", "opted_out")]}, {}, Patience()),
    ("call-to-text", {"hangs": "call_to_text"}, {}, HASTY),
    ("hours?practice=main", {"open": False}, {}, Patience()),
    ("hours", {"fails": OSError("no database")}, {}, Patience()),
    ("handled", {}, {}, Patience()),
    ("caller", {"known": About("Zoë O'Brien", True, "en", False, 17)}, {}, Patience()),
    ("caller", {"known": About()}, {}, Patience()),
    ("no-answer?why=closed", {}, {}, Patience()),
    ("no-answer", {}, {"variables": {"DIALSTATUS": "BUSY"}}, Patience()),
    ("offer?queue=support", {}, {"keys": ["5"]}, Patience()),
    ("offer", {"after": "stay"}, {"keys": ["5"]}, Patience()),
    ("offer?key=1&prompt=textback/mine&timeout=3", {}, {"keys": ["1"]}, Patience()),
    ("offer", {}, {"keys": ["3"]}, Patience()),
    ("offer", {}, {"keys": [None]}, Patience()),
    ("offer", {}, {"keys": ["5"], "missing": {"textback/offer"}}, Patience()),
    ("offer", {}, {"keys": ["5"], "missing": {"textback/confirmed"}}, Patience()),
    ("offer", {"answers": REFUSED}, {"keys": ["5"]}, Patience()),
    ("offer", {"offers": Offer(False, "opted_out")}, {"keys": ["5"]}, Patience()),
    ("offer?ask_number=if-needed", {"offers": NO_OFFER}, ANOTHER, Patience()),
    ("offer?ask_number=if-needed", {"offers": NO_OFFER}, {"keys": ["5", "2", None]}, Patience()),
    ("offer?ask_number=always", {}, {"keys": ["5", "1"], "entered": ["12", "2025550199"]}, Patience()),
    ("nothing", {}, {}, Patience()),
    ("", {}, {}, Patience()),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("hook", "desk", "caller", "patience"), ASKED)
def test_both_kinds_of_pbx_get_the_same_answer(
    hook: str, desk: dict[str, Any], caller: dict[str, Any], patience: Patience, mode: str
) -> None:
    def people() -> dict[str, Any]:
        return {name: type(value)(value) for name, value in caller.items()}

    on_asterisk, on_freeswitch = FakeDesk(**desk), FakeDesk(**desk)
    theirs = called(on_asterisk, hook, patience, **people())
    ours = called_esl(on_freeswitch, hook, patience, mode=mode, **people())

    assert ours.set == theirs.set
    assert [one for one in ours.heard if not one.startswith("textback/digit-")] == [
        one for one in theirs.heard if not one.isdigit()
    ]
    assert "".join(one[-1] for one in ours.heard if one.startswith("textback/digit-")) == "".join(
        one for one in theirs.heard if one.isdigit()
    )
    assert on_freeswitch.asked_for == on_asterisk.asked_for
    assert ours.left, "our side closes, whatever happened"
    assert not ours.is_stuck
