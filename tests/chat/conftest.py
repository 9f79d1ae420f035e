"""Two practices, one conversation that waits for an answer, and the staff of each."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from tests.practices import document, practice
from textback.directory import Directory
from textback.inbox import Inbox
from textback.model import Role, Staff
from textback.sms import Inbound
from textback.store import audit, practices, tiles
from textback.store.staff_tables import audit as trail
from textback.store.staff_tables import memberships, users
from textback.store.tables import messages
from textback.store.tiles import Tile

NOW = 1_800_014_400.0
LINE, SECOND_LINE, GROVE_LINE = "+12025550100", "+12025550101", "+12025550180"
ANN = "+12025550111"
LINES = [{"name": "Front desk", "number": LINE}, {"name": "Lab", "number": SECOND_LINE}]
GROVE: dict[str, Any] = {
    "practice__name": "Grove",
    "practice__default": False,
    "line": [{"name": "Desk", "number": GROVE_LINE}],
}
_serial = itertools.count()


def staff(name: str, *of: str, role: Role = Role.STAFF) -> Staff:
    return Staff(next(_serial), name, f"{name.title()} Full", role, frozenset(of) if of else None)


SAM, KIM, GUS = staff("sam", "Riverside"), staff("kim", "Riverside", "Grove"), staff("gus", "Grove")


@dataclass
class Desk:
    """What a test of the chat works with."""

    conn: Connection
    directory: Directory

    def want(self, *documents: dict[str, Any]) -> None:
        """These are the practices from now on."""
        for one in documents:
            practices.put(self.conn, practice(**one).name, document(**one), "test", next(_serial))
        self.directory = Directory([practice(**one) for one in documents])

    def hears(self, body: str = "Hello", at: float = NOW, sender: str = ANN, line: str = LINE) -> int:
        """A text comes in; gives its conversation."""
        inbound = Inbound(f"SM{next(_serial)}", sender, line, body, at)
        received = Inbox(lambda conn: self.directory).receive(self.conn, inbound, at, (key(), key()))
        assert received.conversation_id is not None
        return received.conversation_id

    def tile(self, conversation: int) -> Tile:
        return tiles.one(self.conn, conversation)

    def texts(self) -> list[Any]:
        """Those that are to leave, in order."""
        out = (messages.c.direction == "out",)
        return list(self.conn.execute(select(messages).where(*out).order_by(messages.c.created_at)))

    def trail(self) -> list[tuple[str, str]]:
        """Who did what, in order."""
        return [(row.who, row.action) for row in self.conn.execute(select(trail).order_by(trail.c.id))]

    def detail(self, conversation: int, action: audit.Action) -> str | None:
        detail: str | None = audit.of_conversation(self.conn, conversation, [action])[-1]["detail"]
        return detail


def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with engine.begin() as connection:
        made = Desk(connection, Directory(()))
        made.want({"line": LINES}, GROVE)
        for one, role in ((SAM, "staff"), (KIM, "staff"), (GUS, "staff"), (staff("ada"), "admin")):
            row = {"name": one.name, "full_name": one.full_name, "role": role, "password_hash": "x"}
            row |= {"password_at": NOW, "shortcuts": True, "created_at": NOW, "created_by": "test"}
            (user,) = connection.execute(users.insert(), row).inserted_primary_key or (0,)
            for name in one.practices or ():
                connection.execute(memberships.insert(), {"user_id": user, "practice": name})
        yield made
