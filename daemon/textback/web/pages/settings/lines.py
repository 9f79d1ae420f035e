"""The lines of a practice as a form: a group for each, and an empty one for another."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from textback.mistakes import Mistake
from textback.practice.changes import ABSENT
from textback.web.pages.settings.fields import MANY, SHORT, Document, Field, Typed, at, put, typed_of
from textback.web.pages.settings.groups import Asked, Group, fields_of

_KEYS = ("name", "number", "main_number", "queues", "dids")
_QUEUES = 'A queue a line, as the PBX calls it; "main/support" where two PBXes have one of that name.'
#: Where a form puts what is no line of the document: it can have no mistakes there.
_NOWHERE = -1


class LinesSheet:
    """``line``"""

    title = "Lines"
    lead = "The numbers that texts are sent from, and the queues and dialled numbers that each of them serves."

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """A group for each line, and one for another."""
        if typed is None:
            wanted = [str(line["number"]) for line in _lines(document)]
            places = [*range(len(wanted)), _NOWHERE]
            return [self._group(n, place, was) for n, (place, was) in enumerate(zip(places, [*wanted, ""]))]
        placed = dict(_placed(document, typed))
        return [self._group(n, placed.get(n, _NOWHERE), was) for n, was in enumerate(_rows(typed))]

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """Every value is one of the file."""
        return typed_of(fields_of(groups), document)

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with the lines as typed; one that the form does not know, since it is newer, stays."""
        changed: Document = copy.deepcopy(dict(document))
        before = {line.get("number"): line for line in _lines(document)}
        named = set(_rows(typed))
        placed = list(_placed(document, typed))
        made = []
        for number, _ in placed:
            own = {key: typed[name] for key in _KEYS if (name := f"lines.{number}.{key}") in typed}
            was = copy.deepcopy(before.get(list(_rows(typed))[number], {}))
            fields = [Field((field.path[-1],), "", field.kind, name=str(field.path[-1])) for field in _fields(0, 0)]
            made.append(put(fields, was, own))
        changed["line"] = made + [line for line in _lines(document) if line.get("number") not in named]
        return changed, []

    def _group(self, number: int, place: int, was: str) -> Group:
        taking = (f"lines.{number}.take", "Take this line away: nothing can be sent from it any more") if was else None
        return Group(
            "" if was else "Another line",
            tuple(_fields(number, place)),
            hidden=((f"lines.{number}", was),),
            taking=taking,
            is_more=not was,
            extra=("line",) if was else (),
        )


def _fields(number: int, place: int) -> Iterator[Field]:
    path, name = ("line", place), f"lines.{number}."
    name_hint = "What {line} says in a text, and what colleagues see."
    number_hint = 'As "+12025550100", a number that your provider sends from.'
    main_hint = "Whoever calls the texting number is put through to it."
    yield Field((*path, "name"), "Name", SHORT, name_hint, name=name + "name")
    yield Field((*path, "number"), "Texting number", SHORT, number_hint, name=name + "number")
    yield Field((*path, "main_number"), "Main number", SHORT, main_hint, name=name + "main_number")
    yield Field((*path, "queues"), "Queues", MANY, _QUEUES, name=name + "queues")
    yield Field((*path, "dids"), "Dialled numbers", MANY, "A number a line, as callers dial it.", name=name + "dids")


def _rows(typed: Typed) -> Iterator[str]:
    """For each group of the form the number that its line had when the form was made; empty: it is new."""
    number = 0
    while f"lines.{number}" in typed:
        yield typed[f"lines.{number}"]
        number += 1


def _placed(document: Mapping[str, Any], typed: Typed) -> Iterator[tuple[int, int]]:
    """Each group that is to be a line, and which one."""
    place = 0
    for number, was in enumerate(_rows(typed)):
        filled = any(typed.get(f"lines.{number}.{key}", "").strip() for key in _KEYS)
        if not typed.get(f"lines.{number}.take") and (was or filled):
            yield number, place
            place += 1


def _lines(document: Mapping[str, Any]) -> list[Any]:
    found = at(document, ("line",))
    return [] if found is ABSENT else list(found)
