"""The inbox as pages show it: tiles, unread ones first, however many conversations there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, case, exists, func, or_, select

from textback.model import ContactKind, Direction, Status, TileState
from textback.store.log import MOST_FOUND, Found
from textback.store.strands import MOST, Place, Strand, newest
from textback.store.tables import contacts, conversations, messages

PATIENTS, CONTACTS = "patients", "contacts"
NOBODY = ""
#: Characters of the last message that a tile shows.
PREVIEW = 120
#: Unread tiles on the first page, whatever its size: who waits longest must not be the one who is left out.
MOST_UNREAD = 300
_LOST = (Status.FAILED, Status.UNDELIVERED, Status.UNKNOWN)
_any = messages.alias("any_of_it")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Which tiles: of these practices only (None: of all), in one state, with somebody ("": with nobody)."""

    practices: tuple[str, ...] | None
    state: TileState = TileState.OPEN
    section: str | None = None
    assignee: str | None = None
    found: Found | None = None


def _one_of_the_number(kind: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether somebody of that kind has the number of a conversation that is filed under nobody."""
    theirs = (_who.c.practice == conversations.c.practice, _who.c.number == conversations.c.number, _who.c.verified)
    return exists().where(*theirs, kind).correlate(conversations)


_who = contacts.alias("whoever_has_it")
_is_patient = _who.c.kind == ContactKind.PATIENT
#: of several who share a number, and of whom nobody knows who writes, it is known what all of them are
_patient = or_(
    contacts.c.kind == ContactKind.PATIENT,
    and_(conversations.c.contact_id.is_(None), _one_of_the_number(_is_patient), ~_one_of_the_number(~_is_patient)),
)
_shown = select(
    conversations,
    contacts.c.first_name,
    contacts.c.last_name,
    case((_patient, ContactKind.PATIENT.value), else_=contacts.c.kind).label("kind"),
    contacts.c.verified,
).select_from(conversations.outerjoin(contacts, contacts.c.id == conversations.c.contact_id))


def page(conn: Connection, wanted: Tiles, before: Place | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Tiles with their last message: on the first page the unread ones, longest waiting first, then the others."""
    unread: list[Place] = []
    if before is None and wanted.state is TileState.OPEN:
        unread = newest(conn, _strands(wanted, unread=True), None, MOST_UNREAD)[::-1]
    rest = newest(conn, _strands(wanted, unread=False), before, limit)
    rows = details(conn, [place.id for place in unread + rest])
    return [rows[place.id] | {"place": place} for place in unread + rest if place.id in rows]


def details(conn: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Tiles by the ids of their conversations."""
    if not ids:
        return {}
    rows = [dict(row) for row in conn.execute(_shown.where(conversations.c.id.in_(ids))).mappings()]
    lasts, lost = _last_messages(conn, ids), _undelivered(conn, ids)
    return {row["id"]: row | {"last": lasts.get(row["id"]), "undelivered": row["id"] in lost} for row in rows}


def unread(conn: Connection, practices: Sequence[str] | None, most: int = 100) -> int:
    """How many open tiles have something that nobody has read; counted up to ``most``."""
    some = select(conversations.c.id).where(
        conversations.c.state == TileState.OPEN, conversations.c.unread_since.is_not(None), *_of(practices)
    )
    return int(conn.execute(select(func.count()).select_from(some.limit(most).subquery())).scalar_one())


def _of(practices: Sequence[str] | None) -> list[ColumnElement[bool]]:
    return [] if practices is None else [conversations.c.practice.in_(practices)]


def _strands(wanted: Tiles, unread: bool) -> list[Strand]:
    if wanted.found is not None and not (wanted.found.numbers or wanted.found.digits):
        return []
    if wanted.practices is None or len(wanted.practices) > MOST:
        return [_strand(wanted, _of(wanted.practices), unread)]
    return [_strand(wanted, [conversations.c.practice == one], unread) for one in wanted.practices]


def _strand(wanted: Tiles, conditions: list[ColumnElement[bool]], unread: bool) -> Strand:
    key = conversations.c.unread_since if unread else conversations.c.last_message_at
    query: Select[Any] = select(conversations.c.id.label("id"), key.label("key"))
    conditions += [conversations.c.state == wanted.state, key.is_not(None)]
    if wanted.state is TileState.OPEN and not unread:
        conditions.append(conversations.c.unread_since.is_(None))
    if wanted.assignee is not None:
        mine = conversations.c.assignee == wanted.assignee
        conditions.append(mine if wanted.assignee != NOBODY else conversations.c.assignee.is_(None))
    if wanted.found is not None:
        conditions.append(_is_found(wanted.found))
    if wanted.section is not None:
        query = query.select_from(conversations.outerjoin(contacts, contacts.c.id == conversations.c.contact_id))
        # a comparison with nothing is neither true nor false
        is_one = case((_patient, 1), else_=0) == 1
        conditions.append(is_one if wanted.section == PATIENTS else ~is_one)
    return Strand(query.where(*conditions), key, conversations.c.id)


def _is_found(found: Found) -> ColumnElement[bool]:
    if found.digits is not None:
        return conversations.c.number.endswith(found.digits, autoescape=True)
    return conversations.c.number.in_(found.numbers[:MOST_FOUND])


def _last_messages(conn: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The newest message of each conversation; of the body only what a tile shows."""
    m, latest = messages.c, _latest(ids)
    query = select(
        m.conversation_id, m.direction, m.flow, m.answer, m.author, m.status, m.created_at, m.media,
        func.substr(m.body, 1, PREVIEW).label("preview"),
    ).join(latest, (latest.c.id == m.conversation_id) & (latest.c.at == m.created_at))  # fmt: skip
    return {row["conversation_id"]: dict(row) for row in conn.execute(query.order_by(m.id)).mappings()}


def _undelivered(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Those whose last text by us did not arrive, as far as is known."""
    m, latest = messages.c, _latest(ids, _any.c.direction == Direction.OUT)
    is_it = (latest.c.id == m.conversation_id) & (latest.c.at == m.created_at)
    query = select(m.conversation_id, m.status).join(latest, is_it).where(m.direction == Direction.OUT)
    # not asked for by their states, for then all that ever were lost would be looked through
    return {conversation for conversation, status in conn.execute(query) if status in _LOST}


def _latest(ids: Sequence[int], *conditions: ColumnElement[bool]) -> Subquery:
    """When the last message of each conversation was written: asked for one by one, for a thread may be very long."""
    last = select(func.max(_any.c.created_at)).where(_any.c.conversation_id == conversations.c.id, *conditions)
    at = last.correlate(conversations).scalar_subquery().label("at")
    return select(conversations.c.id, at).where(conversations.c.id.in_(ids)).subquery()
