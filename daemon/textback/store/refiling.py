"""Conversations after the contacts of their numbers have changed: filed under the one who can be meant, or nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update

from textback.store.audit import Action
from textback.store.staff_tables import audit
from textback.store.tables import contacts, conversations

_CHUNK = 500
_filed = exists().where(audit.c.conversation_id == conversations.c.id, audit.c.action == Action.FILED.value)
_talks = select(
    conversations.c.id, conversations.c.practice, conversations.c.number, conversations.c.contact_id,
    _filed.label("is_filed"),
).where(conversations.c.number.in_(bindparam("numbers", expanding=True)))  # fmt: skip
_owners = select(contacts.c.id, contacts.c.practice, contacts.c.number, contacts.c.verified).where(
    contacts.c.number.in_(bindparam("numbers", expanding=True))
)
_file = (
    update(conversations)
    .where(conversations.c.id == bindparam("talk"))
    .values(contact_id=bindparam("contact", type_=conversations.c.contact_id.type))
)


def refile(conn: Connection, touched: Collection[tuple[str, str]]) -> None:
    """File the conversations of these practices and numbers anew, but those that somebody filed.

    Of the contacts of a number those count whom the practice knows, if there are any. Where one that somebody filed
    has lost its contact, it is filed as if nobody had.
    """
    numbers = sorted({number for _, number in touched})
    changes: list[dict[str, Any]] = []
    for start in range(0, len(numbers), _CHUNK):
        values = {"numbers": numbers[start : start + _CHUNK]}
        talks = [row for row in conn.execute(_talks, values) if (row.practice, row.number) in touched]
        if talks:
            changes += _changes(talks, conn.execute(_owners, values).all())
    if changes:
        conn.execute(_file, changes)


def _changes(talks: Collection[Any], owners: Collection[Any]) -> Iterator[dict[str, Any]]:
    people: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in owners:
        people[row.practice, row.number].append(row)
    for talk in talks:
        theirs = people[talk.practice, talk.number]
        if talk.is_filed and talk.contact_id in [row.id for row in theirs]:
            continue
        counted = [row for row in theirs if row.verified] or theirs
        contact = counted[0].id if len(counted) == 1 else None
        if contact != talk.contact_id:
            yield {"talk": talk.id, "contact": contact}
