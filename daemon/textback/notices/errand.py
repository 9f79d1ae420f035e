"""What somebody is told: where there is something to read, and nothing of what it says or who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.store import tile_list
from textback.store.notices import Channel, Notice


@dataclass(frozen=True, slots=True)
class Errand:
    """One notice, ready to be told. ``id`` is the same each time that it is tried.

    ``target``: the e-mail address, or where to post to; ``at``: when the reply came (epoch seconds); ``url``: the
    conversation on the pages, None where nobody knows their address; ``unread``: conversations of the practice that
    nobody has read.
    """

    id: str
    target: str
    practice: str
    line: str
    conversation: int
    url: str | None
    unread: int
    language: str
    at: float


class Untold(Exception):
    """They could not be told; the text says why, in words fit for the log.

    ``for_good``: it is of no use to try again. ``of_place``: the next one would fare no better. ``retry_after``: the
    seconds that whoever refused it asks for.
    """

    def __init__(
        self, why: str, *, for_good: bool = False, of_place: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(why)
        self.for_good, self.of_place, self.retry_after = for_good, of_place, retry_after


class Carrier(Protocol):
    """A way to tell somebody."""

    @property
    def channel(self) -> Channel:
        """Which notices it is for."""
        ...

    @property
    def at_once(self) -> int:
        """How many may be under way at once."""
        ...

    def place(self, practice: str) -> str:
        """What is spared for a while after trouble with a notice of a practice: its name, or '' for everybody's."""
        ...

    async def carry(self, errand: Errand) -> None:
        """Tell them, within a bounded time; raises ``Untold``."""
        ...


def errand_of(conn: Connection, directory: Directory, notice: Notice, pages: str | None) -> Errand | None:
    """What a notice comes to by now; None if the practice does not want it told any more.

    ``pages``: the address at which staff find them.
    """
    practice = directory.named(notice.practice)
    target = _target(practice, notice) if practice is not None else None
    if practice is None or target is None:
        return None
    line = next((one.name for one in practice.lines if one.number == notice.line), "")
    return Errand(
        id=notice.id,
        target=target,
        practice=practice.name,
        line=line,
        conversation=notice.conversation,
        url=f"{pages}/conversations/{notice.conversation}" if pages else None,
        unread=tile_list.unread(conn, [practice.name]),
        language=practice.notify.language or practice.language,
        at=notice.created_at,
    )


def _target(practice: Practice, notice: Notice) -> str | None:
    if notice.channel is Channel.WEBHOOK:
        return practice.notify.webhook
    return notice.address if notice.address in practice.notify.email else None
