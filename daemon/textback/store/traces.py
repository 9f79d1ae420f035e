"""What tells of a person: their number, however it is written, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Collection

import phonenumbers
from sqlalchemy import ColumnElement, Text, cast, or_

_NOT_A_DIGIT = re.compile(r"[^0-9]+")
#: Fewer digits, or letters of a name, are in too much that is about others.
_LEAST_DIGITS, _LEAST_LETTERS = 5, 2
#: What stands between the digits of a number: the last of them is how US software writes it.
_GAPS = "", " ", "-", "."


class Traces:
    """Those of one number (E.164, or as received) and of some names."""

    def __init__(self, number: str, names: Collection[str] = ()) -> None:
        self._digits = _national(number)
        self._written = _groups(number, self._digits)
        words = [re.escape(name.casefold()) for name in names if len(name) >= _LEAST_LETTERS]
        self._names = re.compile(rf"(?<!\w)({'|'.join(words)})(?!\w)") if words else None

    def are_in(self, text: str | None) -> bool:
        """Whether a text tells of the person, in whatever way the number is written."""
        if not text:
            return False
        if len(self._digits) >= _LEAST_DIGITS and self._digits in _NOT_A_DIGIT.sub("", text):
            return True
        return self._names is not None and self._names.search(text.casefold()) is not None

    def without(self, text: str | None) -> str | None:
        """The text, or None where it tells of the person."""
        return None if self.are_in(text) else text

    def written_in(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """The number, in one of the usual ways of writing, is in what a column has; for any kind of column."""
        text = cast(column, Text)
        return or_(*(text.contains(way, autoescape=True) for way in self._written))


def _national(number: str) -> str:
    """The digits that stand in every way of writing it: those without the country's."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return _NOT_A_DIGIT.sub("", number)


def _groups(number: str, digits: str) -> list[str]:
    """The national digits together, and in the groups in which the country writes them."""
    if len(digits) < _LEAST_DIGITS:
        return [number]
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return [digits]
    kind = phonenumbers.PhoneNumberFormat
    told = phonenumbers.format_number(parsed, kind.NATIONAL), phonenumbers.format_number(parsed, kind.INTERNATIONAL)
    groups = [_NOT_A_DIGIT.sub(" ", one).strip().split() for one in told]
    last = groups[1][1:]  # without the country's code
    ways = {digits, *told, *(gap.join(last) for gap in _GAPS)}
    return sorted(ways)
