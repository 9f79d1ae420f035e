"""A form as its template shows it: each field with what stands in it, what is wrong there, and how long it gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textback.mistakes import Mistake
from textback.practice import Practice
from textback.practice.preview import Preview, places, previews, widest
from textback.web.pages.settings.counting import counted, fixed_values, values_for_script
from textback.web.pages.settings.fields import Field, Typed, beside
from textback.web.pages.settings.groups import Group, Spot, fields_of
from textback.web.pages.settings.opening import is_date

#: As many characters as {staff} is counted with: who answers is not known yet.
STAFF = "W" * 20


@dataclass(frozen=True)
class ShownField:
    """A field; ``widget``: how it is shown, ``count``: how long a text gets, ``values``: by which the script counts."""

    id: str
    name: str
    label: str
    hint: str
    usual: str
    widget: str
    value: str
    choices: Mapping[str, str]
    mistakes: tuple[str, ...]
    limit: int | None
    count: str
    values: str

    @property
    def described_by(self) -> str:
        """The ids of what a screen reader says about it."""
        said = [f"{self.id}-hint"] if self.hint else []
        said += [f"{self.id}-count"] if self.widget == "text" else []
        return " ".join([*said, f"{self.id}-wrong"] if self.mistakes else said)

    def within(self, form: str) -> ShownField:
        """The same in one of several forms on a page."""
        return replace(self, id=f"{form}-{self.id}")


@dataclass(frozen=True)
class ShownGroup:
    """A group with its fields and the texts in it as they will be read."""

    group: Group
    fields: tuple[ShownField, ...]
    previews: tuple[tuple[Preview, str], ...]

    @property
    def rows(self) -> list[tuple[ShownField, ...]]:
        """The fields two by two."""
        return [self.fields[at : at + 2] for at in range(0, len(self.fields), 2)]


def shown_groups(
    groups: Sequence[Group],
    document: Mapping[str, Any],
    typed: Typed,
    mistakes: Iterable[Mistake],
    practice: Practice | None,
) -> tuple[list[ShownGroup], list[Mistake]]:
    """The groups, and the mistakes that are about none of their fields; ``practice``: whose previews are shown."""
    placed, rest = beside(fields_of(groups), mistakes)
    fixed = fixed_values(document)
    numbers = iter(range(10_000))
    made = []
    for group in groups:
        fields = tuple(
            _shown(one, f"f{next(numbers)}", typed.get(one.called, ""), placed.get(one.called, ()), fixed)
            for one in group.fields
        )
        made.append(ShownGroup(group, fields, _previews(practice, group.spot)))
    return made, rest


def words_of(mistake: Mistake) -> str:
    """``Found "25:00-26:00"; expected times from 00:00 to 23:59, or 24:00 as the end.``"""
    return f"Found {mistake.found}; expected {mistake.expected}."


def _shown(one: Field, ident: str, value: str, mistakes: Sequence[Mistake], fixed: Mapping[str, str]) -> ShownField:
    is_text, language = one.kind.widget == "text", str(one.path[-1])
    values = {**fixed, **{name: STAFF for name in one.extra}}
    return ShownField(
        ident,
        one.called,
        one.label,
        one.hint,
        one.usual,
        _widget(one, value),
        value,
        one.choices,
        tuple(words_of(mistake) for mistake in mistakes),
        one.limit,
        counted(value, one.limit, values, language) if is_text else "",
        values_for_script(values, language) if is_text else "",
    )


def _widget(one: Field, value: str) -> str:
    is_day = one.called.endswith(".day")
    return "date" if is_day and is_date(value) else one.kind.widget


def _previews(practice: Practice | None, spot: Spot | None) -> tuple[tuple[Preview, str], ...]:
    """Each text as a sample caller reads it, and as long as it can get."""
    if practice is None or spot is None:
        return ()
    for place in places(practice):
        if (place.flow, place.when, place.queue) == (spot.flow, spot.when, spot.queue):
            return tuple((one, widest(practice, place, one.language)) for one in previews(practice, place))
    return ()
