"""What a person may send: a text of their own, or once more one that did not arrive."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from textback import template
from textback.directory import Directory, Home
from textback.model import Known, Status
from textback.numbers import NumberKind, read
from textback.store import by_hand, people
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

__all__ = ["LONGEST", "Refused", "Unclear", "retry", "write"]

#: Characters; Twilio takes no more (https://www.twilio.com/docs/api/errors/21617).
LONGEST = 1600
#: Control characters, and halves of characters, which no database and no phone takes.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_FAILED = (Status.FAILED, Status.UNDELIVERED)
_KINDS = {
    NumberKind.WITHHELD: "is no telephone number",
    NumberKind.INVALID: "is no possible telephone number",
    NumberKind.EXTENSION: "is an extension",
    NumberKind.EMERGENCY: "is an emergency number",
    NumberKind.TOLL_FREE: "is toll-free",
    NumberKind.PREMIUM: "is a premium number",
}


class Unclear(Refused):
    """The same, where what was asked for cannot be done as it was put: another number, line or wording can."""


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
) -> str:
    """Queue a text by hand, before all automatic ones, in the conversation of its line and number; returns its id.

    ``line``: its name or number; ``practice`` and ``line`` may be left out where there is no choice (of several lines
    of a practice, the first). ``body`` may hold the placeholders of a practice's messages, and ``{staff}`` for
    ``author``. Raises ``Refused``. ``message_id`` is a new UUID; one that is written already stays as it is.
    """
    if by_hand.is_written(conn, message_id):
        return message_id
    home = _home(directory, practice, line)
    number = _textable(directory, to, home)
    known = require_allowed(conn, home[0], number, now)
    said = _filled(home, known, body, author)
    new = _new(conn, home, number, said, now)
    by_hand.add_once(conn, replace(new, id=message_id, author=author[:LONGEST_AUTHOR]))
    return message_id


def _new(conn: Connection, home: Home, number: str, said: str, now: float) -> NewMessage:
    counted = template.segments(said)
    return NewMessage(
        conversation_id=people.conversation_for(conn, home[0].name, home[1].number, number, now),
        practice=home[0].name,
        to_number=number,
        from_number=home[1].number,
        body=said,
        segments=counted.count,
        encoding=counted.encoding,
        created_at=now,
        due_at=now,
    )


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


def _home(directory: Directory, practice: str | None, line: str | None) -> Home:
    """The practice and line that are meant; raises ``Unclear`` with what there is to choose from."""
    practices = [one for one in directory.practices if practice in (None, one.name)]
    found = [(one, its) for one in practices for its in one.lines if line in (None, its.name, its.number)]
    if len({one.name for one, _ in found}) == 1:
        return found[0]
    if not directory.practices:
        raise Refused("there is no practice yet, so no line to send from: `textback practice apply FILE` loads one")
    if not practices:
        raise Unclear(f"there is no such practice; there is {_listed(one.name for one in directory.practices)}")
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


def _filled(home: Home, known: Known, body: str, author: str) -> str:
    """The text with its placeholders filled, if it can be sent like that."""
    values = {
        "practice": home[0].name,
        "line": home[1].name,
        "url": home[0].url,
        "first_name": (known.contact_first_name or "") if known.contact_verified else "",
        "staff": author,
    }
    wrong = template.mistakes(body, None, values, extra=("staff",))
    wrong += [f"{{{name}}}, which says nothing here" for name in ("queue", "wait", "url") if _lacks(body, name, values)]
    if wrong:
        raise Unclear(f"the text has {'; '.join(wrong)}")
    said = template.render(body, values).strip()
    if not said:
        raise Unclear("the text is empty")
    if _NOT_TEXT.search(said):
        raise Unclear("the text has characters that cannot be texted")
    if len(said) > LONGEST:
        raise Unclear(f"the text has {len(said)} characters, expected at most {LONGEST}")
    return said


def _lacks(body: str, name: str, values: dict[str, str]) -> bool:
    return f"{{{name}}}" in body and not values.get(name)
