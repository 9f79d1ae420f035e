"""Practices for the settings pages, and a hand that fills in their forms."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from textback.practice import read_practice, to_document
from textback.store import practices

from ..browser import NOW
from ..visitor import Answer
from .filled import form_at
from .house import House, Somebody
from .parsed import Page

RICH = to_document(read_practice(tomllib.loads((Path(__file__).parents[2] / "data/practice.toml").read_text("utf-8"))))
#: Everything that a practice file can say, in forms that a page could be tempted to tidy up.
FULL: dict[str, Any] = RICH | {
    "practice": RICH["practice"] | {"name": "Full", "default": False, "test_numbers": ["+12025550143"]},
    "line": [
        {
            "name": "Front desk",
            "number": "+12025550170",
            "main_number": "+12025550171",
            "queues": ["a, b"],
            "dids": ["170"],
        },
        {"name": "Back", "number": "+12025550172", "queues": [], "dids": []},
    ],
    "hours": RICH["hours"]
    | {
        "sat": [],
        "sun": ["22:00-02:00"],
        "closed": ["2026-12-24", "2026-12-31"],
        "open": {"2026-11-27": [], "2026-12-25": ["09:00-12:00"]},
    },
    "missed": RICH["missed"]
    | {
        "queue": {
            "main/x.y": {
                "min_ring": "9s",
                "during_hours": {"enabled": False},
                "outside_hours": {"message": {"es": "{practice}"}},
            }
        }
    },
    "guards": {
        "countries": ["US", "CA"],
        "blocked": ["+1900", "+12025550999"],
        "quiet_hours": "21:00-08:00",
        "per_day": 0,
    },
    "notify": {"email": ["a@b.example", "c@d.example"], "webhook": "https://e.example/", "after": 0, "language": "fr"},
    "chat": RICH["chat"] | {"closed_reply": "No\ntexts, please.\n", "shared_number": "ask"},
}


def stored(house: House, name: str = "Riverside") -> practices.PracticeRow:
    row = house.change(practices.find, name)
    assert isinstance(row, practices.PracticeRow)
    return row


def put(house: House, document: dict[str, Any]) -> None:
    document = to_document(read_practice(document))
    house.change(practices.put, document["practice"]["name"], document, "test", NOW)


def opened(somebody: Somebody, leaf: str, practice: str = "Riverside", query: str = "") -> dict[str, str]:
    """What the page's form holds."""
    page = somebody.get(f"/settings/{practice}/{leaf}{query}")
    assert page.status == 200, page.body
    return form_at(page.body, f"/settings/{practice}/{leaf}")


def save(somebody: Somebody, leaf: str, form: dict[str, str], practice: str = "Riverside", do: str = "save") -> Answer:
    return somebody.post(f"/settings/{practice}/{leaf}", **(form | {"do": do}))


def beside(page: str, name: str) -> str:
    """What is said to be wrong beside a field."""
    fields = page.split('<div class="setting')[1:]
    its = next(part for part in fields if f' name="{name}"' in part)
    return Page(its.partition('<p class="wrong"')[2].partition("</p>")[0].partition(">")[2]).text.strip()
