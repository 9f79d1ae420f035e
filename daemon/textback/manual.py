"""What a person may send: a text of their own, or once more one that did not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from textback import template
from textback.composing import LONGEST, Unclear, composed
from textback.directory import Directory, Home
from textback.model import Known, Status
from textback.numbers import NumberKind, read
from textback.practice import Practice
from textback.store import by_hand, calls, contacts, dealt, people, tiles
from textback.store.messages import NewMessage
from textback.store.release import (
    LONGEST_AUTHOR,
    Refused,
    message,
    move,
    practice_of,
    queued_again,
    require_allowed,
    was_queued_at,
)

__all__ = ["LONGEST", "Refused", "Unclear", "reply", "retry", "write"]

_FAILED = (Status.FAILED, Status.UNDELIVERED)
_KINDS = {
    NumberKind.WITHHELD: "is no telephone number",
    NumberKind.INVALID: "is no possible telephone number",
    NumberKind.EXTENSION: "is an extension",
    NumberKind.EMERGENCY: "is an emergency number",
    NumberKind.TOLL_FREE: "is toll-free",
    NumberKind.PREMIUM: "is a premium number",
}


def write(
    conn: Connection,
    directory: Directory,
    *,
    practice: str | None,
    line: str | None,
    to: str,
    body: str,
    author: str,
    now: float,
    message_id: str,
    staff: str | None = None,
    choice: Sequence[Practice] | None = None,
) -> str:
    """Queue a text by hand, before all automatic ones, in the conversation of its line and number; returns its id.

    ``line``: its name or number; ``practice`` and ``line`` may be left out where there is no ``choice``, of all
    practices unless others are given (of several lines of a practice, the first). ``body`` may hold the placeholders
    of a practice's messages, and ``{staff}`` for ``staff``, else ``author``. Raises ``Refused``. ``message_id`` is a
    new UUID; one that is written already stays as it is.
    """
    if by_hand.is_written(conn, message_id):
        return message_id
    home = _home(directory.practices if choice is None else choice, practice, line)
    number = _textable(directory, to, home)
    known = require_allowed(conn, home[0], number, now)
    wait = calls.last_wait(conn, home[0].name, number)
    said = composed(home, body, staff or author, _first_name(known), wait)
    thread = people.conversation_for(conn, home[0].name, home[1].number, number, now)
    if tiles.one(conn, thread).practice != home[0].name:
        raise Refused("their thread with that line is of the practice that had the line before: use another line")
    return _queue(conn, home, thread, number, said, author, now, message_id)


def reply(
    conn: Connection,
    directory: Directory,
    home: Home,
    conversation: int,
    to: str,
    body: str,
    *,
    author: str,
    staff: str,
    contact: int | None,
    now: float,
    message_id: str,
) -> str:
    """The same in a conversation that there is, which is filed under a ``contact``, or under none."""
    number = _textable(directory, to, home)
    known = require_allowed(conn, home[0], number, now)
    first_name = _first_name(known) if contact is None else contacts.first_name(conn, contact)
    said = composed(home, body, staff, first_name, calls.last_wait(conn, home[0].name, number))
    return _queue(conn, home, conversation, number, said, author, now, message_id)


def _first_name(known: Known) -> str | None:
    return known.contact_first_name if known.contact_verified else None


def _queue(
    conn: Connection, home: Home, thread: int, number: str, said: str, author: str, now: float, message_id: str
) -> str:
    counted = template.segments(said)
    new = NewMessage(
        id=message_id,
        conversation_id=thread,
        practice=home[0].name,
        to_number=number,
        from_number=home[1].number,
        body=said,
        segments=counted.count,
        encoding=counted.encoding,
        created_at=now,
        due_at=now,
        author=author[:LONGEST_AUTHOR],
    )
    by_hand.add_once(conn, new)
    dealt.served(conn, [dealt.Served(number, now, dealt.BY_TEXT)])
    return message_id


def retry(conn: Connection, directory: Directory, message_id: str, author: str, now: float) -> str:
    """Send a text once more that failed or was not delivered; returns the id under which it waits now.

    One that the provider never took is queued as it is. One that it took stays what it was, and a second one is
    written: only one, however often it is asked for. Raises ``Refused``.
    """
    row = message(conn, message_id)
    if was_queued_at(row, now):
        return message_id
    if row.status not in _FAILED:
        advice = ": `textback messages release` sends it" if row.status in (Status.HELD, Status.UNKNOWN) else ""
        raise Refused(f"the message is {row.status}, not {' or '.join(_FAILED)}{advice}")
    require_allowed(conn, practice_of(directory, row), row.to_number, now)
    if row.provider_id is not None:
        return _second(conn, message_id, author, now)
    move(conn, message_id, _FAILED, queued_again(author, now))
    return message_id


def _second(conn: Connection, message_id: str, author: str, now: float) -> str:
    second = by_hand.second_id(message_id)
    if by_hand.is_written(conn, second):
        status = message(conn, second).status
        if status in _FAILED:
            raise Refused(f"it was sent again already, as {second}, which is {status}: try that one again")
        if status == Status.CANCELLED:
            raise Refused(f"it was to be sent again already, as {second}, which is cancelled: write a new one")
        return second
    return by_hand.try_again(conn, message_id, author[:LONGEST_AUTHOR], now)


def _home(choice: Sequence[Practice], practice: str | None, line: str | None) -> Home:
    """The practice and line that are meant; raises ``Unclear`` with what there is to choose from."""
    practices = [one for one in choice if practice in (None, one.name)]
    found = [(one, its) for one in practices for its in one.lines if line in (None, its.name, its.number)]
    if len({one.name for one, _ in found}) == 1:
        return found[0]
    if not choice:
        raise Refused("there is no practice yet, so no line to send from: `textback practice apply FILE` loads one")
    if not practices:
        raise Unclear(f"there is no such practice; there is {_listed(one.name for one in choice)}")
    if not found:
        lines = _listed(f"{its.name} ({its.number})" for one in practices for its in one.lines)
        raise Unclear(f"there is no such line; there is {lines}")
    raise Unclear(f"say which practice it is from: {_listed(one.name for one in practices)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _textable(directory: Directory, to: str, home: Home) -> str:
    """The number in E.164, if a text may go there."""
    number = read(to, home[0].region)
    if number.e164 is None or number.kind is not NumberKind.ORDINARY:
        what = _KINDS.get(number.kind, _KINDS[NumberKind.INVALID])
        raise Unclear(f'the number {what}: expected one that can be texted, such as "+12025550123"')
    if any(number.e164 == line.number for one in directory.practices for line in one.lines):
        raise Refused("the number is one of our own lines")
    return number.e164
