"""Which practice and line a number of ours belongs to."""

from __future__ import annotations

import pytest

from tests.practices import practice
from textback.directory import Directory

LINES = [{"name": "Front desk", "number": "+12025550100"}, {"name": "Lab", "number": "+12025550101"}]
RIVERSIDE = practice(line=LINES)
GROVE = practice(
    practice__name="Grove", practice__default=False, practice__region="FR",
    line=[{"name": "Accueil", "number": "+33639980001"}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "home"),
    [
        ("+12025550100", (RIVERSIDE, "Front desk")), ("+12025550101", (RIVERSIDE, "Lab")),
        ("(202) 555-0101", (RIVERSIDE, "Lab")), ("12025550101", (RIVERSIDE, "Lab")),
        ("+33639980001", (GROVE, "Accueil")), ("+12025550102", None), ("", None), ("BANK", None), ("\ud800", None),
    ],
)  # fmt: skip
def test_a_number_leads_to_its_line(number: str, home: tuple[object, str] | None) -> None:
    found = Directory([RIVERSIDE, GROVE]).line(number)
    assert (None if found is None else (found[0], found[1].name)) == home


def test_a_number_of_no_practice_is_read_as_the_default_one_would_else_the_first() -> None:
    assert Directory([GROVE, RIVERSIDE]).region == "US"
    assert Directory([GROVE]).region == "FR"
    assert Directory([]).region == "US"


def test_contacts_are_shared_among_those_who_share_theirs() -> None:
    share = {"chat__share_contacts_across_practices": True}
    grove = {"practice__name": "Grove", "practice__default": False, "line": [{"name": "G", "number": "+12025550102"}]}
    hill = {"practice__name": "Hill", "practice__default": False, "line": [{"name": "H", "number": "+12025550103"}]}
    directory = Directory([practice(line=LINES, **share), practice(**grove, **share), practice(**hill)])
    assert directory.sharing_with("Riverside") == {"Grove"}
    assert directory.sharing_with("Hill") == directory.sharing_with("Elsewhere") == set()
    assert Directory([practice(**grove), practice(**hill, **share)]).sharing_with("Hill") == set()
