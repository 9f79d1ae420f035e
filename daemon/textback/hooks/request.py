"""A hook's request, its arguments, and the variables that answer it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from textback.hooks.desk import Caller

#: channel variables and their values, in the order in which they are set
Variables = Mapping[str, str]

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})?")


class Refused(Exception):
    """What came is not answered; ``kind`` groups what is said once."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Request:
    """What a dialplan wants: the hook's name as it was written, who calls, and the arguments."""

    hook: str
    caller: Caller
    arguments: Mapping[str, str]


def read_arguments(query: str, more: Iterable[str] = ()) -> dict[str, str]:
    """``key=value`` pairs of a query, percent-decoded, then the AGI arguments, as they are; the first of a key counts.

    A + stays one: numbers begin with it. What is no pair is left out.
    """
    pairs = [(unquote(key), equals, unquote(value)) for key, equals, value in map(_cut, query.split("&"))]
    arguments: dict[str, str] = {}
    for key, equals, value in (*pairs, *map(_cut, more)):
        if equals:
            arguments.setdefault(key.strip(), value.strip())
    return arguments


def _cut(pair: str) -> tuple[str, str, str]:
    return pair.partition("=")


def language_of(arguments: Mapping[str, str]) -> str | None:
    """``lang``, if it is a language."""
    lang = arguments.get("lang", "")
    return lang if _LANGUAGE.fullmatch(lang) else None


def told(result: str, reason: str, after: str | None = None) -> Variables:
    """TEXTBACK_RESULT, TEXTBACK_REASON, and TEXTBACK_AFTER (``hangup`` or ``stay``) where a text was given."""
    variables = {"TEXTBACK_RESULT": result, "TEXTBACK_REASON": reason}
    return variables if after is None else {**variables, "TEXTBACK_AFTER": after}
