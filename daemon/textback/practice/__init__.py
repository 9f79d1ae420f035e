"""What one practice wants, read from a practice file and checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from textback.practice import checks
from textback.hours import Hours
from textback.languages import primary, tag
from textback.mistakes import Mistake, not_yet_told, read_leniently, shown
from textback.numbers import is_region
from textback.practice.sections import (
    Abandoned,
    CallToText,
    Chat,
    Document,
    Guards,
    Line,
    Missed,
    MissedMessage,
    Notify,
    QuickResponse,
)

__all__ = [
    "Abandoned",
    "CallToText",
    "Chat",
    "Guards",
    "Line",
    "Missed",
    "MissedMessage",
    "Mistake",
    "Notify",
    "Practice",
    "PracticeError",
    "QuickResponse",
    "message_in",
    "read_practice",
    "to_document",
]


class PracticeError(Exception):
    """A practice file that can't be used, with all its mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


class Practice(Document):
    """A practice whose file was found right; its tables are attributes, those of [practice] its own."""

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def timezone(self) -> str:
        return self.about.timezone

    @property
    def region(self) -> str:
        return self.about.region

    @property
    def language(self) -> str:
        return self.about.language

    @property
    def default(self) -> bool:
        return self.about.default

    @property
    def url(self) -> str:
        return self.about.url

    @property
    def mode(self) -> Literal["live", "test"]:
        return self.about.mode

    @property
    def test_numbers(self) -> tuple[str, ...]:
        return self.about.test_numbers

    @cached_property
    def hours(self) -> Hours:
        """[hours]; a file without that table is open around the clock."""
        return self.opening.hours() if self.opening else Hours()

    @cached_property
    def texting_hours(self) -> Hours:
        """[chat.hours] on top of the holidays and exceptions of [hours]; without them [hours]."""
        own, practice = self.chat.opening, self.hours
        if own is None:
            return practice
        return replace(
            own.hours(),
            holidays=own.holidays or practice.holidays,
            closed=own.hours().closed | practice.closed,
            open={**practice.open, **own.open},
        )

    def warnings(self) -> list[str]:
        """What works and is hardly meant, one sentence each."""
        return list(checks.warnings(self))


def read_practice(document: Mapping[str, Any]) -> Practice:
    """The practice that a parsed practice file describes; PracticeError names every mistake in it."""
    if not isinstance(document, Mapping):
        raise PracticeError([Mistake("practice", shown(document), "a table")])
    practice, mistakes = read_leniently(Practice, document, {"region": _region(document)})
    mistakes += not_yet_told(mistakes, checks.mistakes(practice))
    if mistakes:
        raise PracticeError(mistakes)
    return practice


def to_document(practice: Practice) -> dict[str, Any]:
    """The file that describes ``practice``, fit for JSON and TOML; what was left to a default stays so."""
    return practice.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def message_in(messages: Mapping[str, str], *languages: str | None) -> str | None:
    """The text in the first of ``languages`` that has one; "es" serves for "es-MX", which may be "es_MX", too."""
    by_tag = {tag(written): text for written, text in messages.items()}
    for language in filter(None, languages):
        for one in (tag(language), primary(language)):
            if one in by_tag:
                return by_tag[one]
    return None


def _region(document: Mapping[str, Any]) -> str | None:
    about = document.get("practice")
    region = about.get("region") if isinstance(about, dict) else None
    return region if isinstance(region, str) and is_region(region) else None
