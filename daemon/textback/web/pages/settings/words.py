"""What changed in a practice, in the words of its settings pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from textback.practice.changes import Change
from textback.web.pages.settings.groups import Asked
from textback.web.pages.settings.sheets import SHEETS

QUICK = "quick_response["
#: Groups whose title says no more than that of their page.
_PLAIN = ("", "Rules")


class Told(NamedTuple):
    """A change with what its page calls it, '' where no field of a page is about it alone."""

    words: str
    key: str
    before: str
    after: str


def told(changes: Iterable[Change], document: Mapping[str, Any]) -> list[Told]:
    """Each change in words; ``document``: the practice as it is after them."""
    known = _labels(document)
    return [Told(known.get(one.key) or _quick(one.key), *one) for one in changes]


def _labels(document: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for sheet in SHEETS.values():
        for group in sheet.groups(document, None, Asked()):
            where = f", {group.title[:1].lower()}{group.title[1:]}" if group.title not in _PLAIN else ""
            found |= {field.key: f"{sheet.title}{where}: {field.label}" for field in group.fields}
    return found


def _quick(key: str) -> str:
    if not key.startswith(QUICK):
        return ""
    number, _, rest = key.removeprefix(QUICK).partition("].")
    return f"Quick responses, number {int(number) + 1}: {rest.replace('.', ' in ')}" if number.isdecimal() else ""
