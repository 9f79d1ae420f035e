"""What a settings page is made of: groups of fields, and what it does with what was typed into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from textback.mistakes import Mistake
from textback.model import Flow
from textback.web.pages.settings.fields import Document, Field, Typed


@dataclass(frozen=True)
class Spot:
    """Where the texts of a group are said: what previews are shown for."""

    flow: Flow
    when: str | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Group:
    """Fields that belong together. ``hidden``: what the form must bring back besides.

    ``taking``: the name and the words of a box that takes the whole group away. ``pairs``: its fields are rows of two.
    ``extra``: what else the template shows in it, by name. ``is_more``: it adds something, and may stay empty.
    """

    title: str
    fields: tuple[Field, ...]
    note: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    taking: tuple[str, str] | None = None
    pairs: bool = False
    is_more: bool = False
    spot: Spot | None = None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What the address asks for besides what there is: fields for another language, or for another queue."""

    language: str = ""
    queue: str = ""


class Sheet(Protocol):
    """One page of settings: a part of the practice file as a form."""

    @property
    def title(self) -> str:
        """Its name, for the tabs."""
        ...

    @property
    def lead(self) -> str:
        """What it is about, in a sentence."""
        ...

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """The fields for a document; ``typed``: those that a form brought are shown, too."""
        ...

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """What the fields show of a document."""
        ...

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with what was typed, and what of that cannot even be put there."""
        ...


def fields_of(groups: Iterable[Group]) -> list[Field]:
    """The fields of all groups."""
    return [one for group in groups for one in group.fields]
