"""Stories of single callers on a real Asterisk, each with desks, queues and a number of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..house import House

#: plays the story of the caller with this number; returns for how many seconds the observer saw them on hold
Play = Callable[[House, str], float | None]


@dataclass(frozen=True)
class Story:
    """What happens to one caller, and how the log must tell it; ``ending`` is None where there is no caller."""

    play: Play
    number: str
    ending: str | None
    #: what else must stand in the row
    more: dict[str, Any]
    #: the other ending that the log may tell if the daemon looked away: never one with a text
    unseen: str | None

    @property
    def caller(self) -> str:
        """The number as the log has it."""
        return f"+{self.number}"


STORIES: list[Story] = []


def ends(ending: str | None, unseen: str | None = None, **more: Any) -> Callable[[Play], Play]:
    """Makes a story of a function; ``unseen``, ``more``: see there."""

    def tell(play: Play) -> Play:
        STORIES.append(Story(play, f"12025560{201 + len(STORIES)}", ending, more, unseen))
        return play

    return tell


def companion(number: str) -> str:
    """The number of a second caller in the same story."""
    return f"{number[:-3]}3{number[-2:]}"


from . import desks, mobiles, queues, ring_groups, transfers  # noqa: E402, F401
