"""The fields of texts: one for each language that the practice writes in, and for one more that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from textback.fields import is_language
from textback.practice.changes import ABSENT
from textback.web import shown
from textback.web.pages.settings.fields import TEXT, Field, Typed, at

#: What may stand in a text, and what comes of it.
PLACEHOLDERS = {
    "{practice}": "the practice's name",
    "{line}": "the line's name",
    "{queue}": "the queue in which they waited",
    "{wait}": 'how long they waited, as in "2 minutes"',
    "{first_name|there}": 'the first name of somebody you know, else the word after the line ("there")',
    "{url}": "the practice's address on the web",
}
#: More languages than this in one form are a mistake of whoever sent it.
MOST = 30


def own_language(document: Mapping[str, Any]) -> str:
    """The language that the practice itself speaks."""
    found = at(document, ("practice", "language"))
    return found if isinstance(found, str) else "en"


def languages(document: Mapping[str, Any], asked: str = "") -> list[str]:
    """Those of all texts of the practice, its own first, and the one asked for."""
    found = {language for texts in _texts(document) for language in texts}
    if is_language(asked):
        found.add(asked)
    own = own_language(document)
    return [own, *sorted(found - {own})]


def text_fields(
    path: tuple[str | int, ...],
    document: Mapping[str, Any],
    typed: Typed | None,
    asked: str = "",
    *,
    name: str = "",
    limit: int | None = None,
    called: str = "Text",
    extra: tuple[str, ...] = (),
) -> list[Field]:
    """A field for the text in each language at ``path``; ``name``: what its name in the form begins with."""
    begin = (name or ".".join(map(str, path))) + "."
    wanted = languages(document, asked)
    wanted += [one for one in _typed_languages(typed or {}, begin) if one not in wanted]
    return [
        Field(
            (*path, one), f"{called} in {shown.language(one)}", TEXT, name=begin + one, limit=limit, extra=extra
        )
        for one in wanted[:MOST]
    ]


def _typed_languages(typed: Typed, begin: str) -> Iterator[str]:
    for name in typed:
        if name.startswith(begin) and name.removeprefix(begin):
            yield name.removeprefix(begin)


def _texts(document: Any) -> Iterator[Mapping[str, Any]]:
    """Every table of texts, wherever it stands."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key in ("message", "after_hours_reply", "text") and isinstance(value, Mapping):
                yield value
            elif value is not ABSENT:
                yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)
