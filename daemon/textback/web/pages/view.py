"""Whose practices somebody sees, and how each of them shows times and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from textback.directory import Directory
from textback.model import Staff
from textback.practice import Practice
from textback.store import tile_list
from textback.web.shown import Place


@dataclass(frozen=True)
class View:
    """What one member of staff sees at one moment: practices, and how each of them shows times and numbers."""

    staff: Staff
    practices: tuple[Practice, ...]
    now: float
    unread: int
    directory: Directory

    @property
    def names(self) -> tuple[str, ...]:
        """The practices, by name."""
        return tuple(practice.name for practice in self.practices)

    @property
    def several(self) -> bool:
        """Whether it must be said which practice something belongs to."""
        return len(self.practices) != 1

    @cached_property
    def manner(self) -> str:
        """Differs as soon as the same row may look different: with the practices, and at midnight in each of them."""
        told = [(one.name, one.timezone, one.region, _today(one.timezone, self.now)) for one in self.practices]
        return repr((told, _today(Place().zone, self.now)))

    def place(self, practice: str | None) -> Place:
        """How a practice shows times and numbers; of none, as the first one does."""
        found = next((one for one in self.practices if one.name == practice), None)
        return place_of(found or next(iter(self.practices), None))

    def practice(self, name: str | None) -> Practice | None:
        """A practice that they see, by name."""
        return next((one for one in self.practices if one.name == name), None)

    def sharing(self, practices: Iterable[str | None] | None) -> set[str]:
        """The practices whose contacts are seen by name in these (all that there are, if None)."""
        return {other for one in practices or () if one for other in self.directory.sharing_with(one)}

    def line(self, practice: str | None, number: str) -> str:
        """What a practice calls one of its lines; a number that it has no more stands for itself (practices.py)."""
        home, bare = self.practice(practice), number.partition("~")[0]
        return next((line.name for line in home.lines if line.number == number), bare) if home else bare


def view(conn: Connection, directory: Directory, staff: Staff, now: float) -> View:
    """What somebody sees."""
    practices = tuple(visible(directory.practices, staff))
    names = [practice.name for practice in practices]
    return View(staff, practices, now, tile_list.unread(conn, names), directory)


def visible(practices: Iterable[Practice], staff: Staff) -> Iterable[Practice]:
    """Those practices that somebody sees."""
    return (practice for practice in practices if staff.sees(practice.name))


def _today(zone: str, now: float) -> date:
    return datetime.fromtimestamp(now, ZoneInfo(zone)).date()


def place_of(practice: Practice | None) -> Place:
    """How a practice shows times and numbers."""
    return Place(practice.timezone, practice.region) if practice else Place()
