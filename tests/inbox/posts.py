"""An inbox on a database of each kind, and what it has stored."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.inbox import Inbox, Received
from textback.model import Status
from textback.sms import Inbound
from textback.store import messages, people, practices, tiles
from textback.store.engine import reading
from textback.store.tables import calls, contacts
from textback.store.tables import messages as table
from textback.store.tables import optouts as optout_table
from textback.store.tiles import Tile

NOW = 1_795_262_400.0
LINE, SECOND_LINE, OTHER_LINE = "+12025550100", "+12025550101", "+12025550180"
ANN, BOB = "+12025550111", "+12025550122"
LINES = [{"name": "Front desk", "number": LINE, "main_number": "+12025550199"}, {"name": "Lab", "number": SECOND_LINE}]
_serial = itertools.count()


@dataclass
class Post:
    """An inbox, and what it has stored."""

    engine: Engine
    now: float = NOW
    inbox: Inbox = field(default_factory=lambda: Inbox(PracticeBook(), "twilio"))
    last_answer: str = ""
    ann: int = 0
    bob: int = 0

    def want(self, **changes: Any) -> None:
        """Apply the practice, changed."""
        changes = {"line": LINES} | changes
        with self.engine.begin() as conn:
            practices.put(conn, practice(**changes).name, document(**changes), "test", next(_serial))

    def text(self, body: str, sender: str = ANN, line: str = LINE, **given: Any) -> Received:
        """A text comes in."""
        given = {"provider_id": f"SM{next(_serial)}"} | given
        return self.take(Inbound(sender=sender, line=line, body=body, **given))

    def take(self, inbound: Inbound, ids: tuple[str, str] | None = None) -> Received:
        ids = ids or (f"in-{next(_serial):06}", f"out-{next(_serial):06}")
        self.last_answer = ids[1]
        with self.engine.begin() as conn:
            return self.inbox.receive(conn, inbound, self.now, ids)

    def rows(self, query: Any) -> list[dict[str, Any]]:
        with reading(self.engine) as conn:
            return [dict(row) for row in conn.execute(query).mappings()]

    def messages(self, direction: str = "in") -> list[dict[str, Any]]:
        return self.rows(select(table).where(table.c.direction == direction).order_by(table.c.created_at, table.c.id))

    def optouts(self) -> list[tuple[str, float, str]]:
        return [tuple(row.values()) for row in self.rows(select(optout_table))]

    def write(self, number: str = ANN, status: Status = Status.QUEUED, **given: Any) -> str:
        """A text of ours waits."""
        new = {"to_number": number, "from_number": LINE, "body": "Sorry", "segments": 1, "encoding": "GSM-7"}
        new |= {"created_at": self.now - 60, "due_at": self.now, "practice": "Riverside", "status": status}
        with self.engine.begin() as conn:
            thread = people.conversation_for(conn, "Riverside", LINE, number, self.now)
            return messages.add(conn, messages.NewMessage(**(new | {"conversation_id": thread} | given)))

    def status(self, message_id: str) -> tuple[str, str | None]:
        (row,) = self.rows(select(table.c.status, table.c.reason).where(table.c.id == message_id))
        return row["status"], row["reason"]

    def tile(self, conversation: int | None) -> Tile:
        with reading(self.engine) as conn:
            return tiles.one(conn, conversation or 0)

    def knows(self, name: str | None = None, number: str = ANN, **columns: Any) -> int:
        """A contact; gives its id."""
        with self.engine.begin() as conn:
            made = conn.execute(contacts.insert(), contact(first_name=name, number=number, **columns))
            return int((made.inserted_primary_key or (0,))[0])

    def answers(self) -> list[tuple[str, str]]:
        """What was answered automatically, in order: the kind and the words."""
        return [(row["answer"], row["body"]) for row in self.messages("out") if row["answer"]]


def contact(**columns: Any) -> dict[str, Any]:
    row = {"practice": "Riverside", "number": ANN, "kind": "patient", "verified": True, "created_at": NOW}
    return row | columns


def add_call(post: Post, call_id: str, **columns: Any) -> None:
    row = {"id": call_id, "pbx": "main", "caller": ANN, "started_at": NOW - 900, "ended_at": NOW - 800}
    with post.engine.begin() as conn:
        conn.execute(calls.insert(), row | {"voicemail": False, "backfilled": False} | columns)
