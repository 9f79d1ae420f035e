"""Twilio's resources in our words: messages that went out or came in, and what a number is connected to.

Nothing in them is believed unseen: a service that ignores a filter must not pass off another's text as ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from textback.model import LineType, Status
from textback.sms import Accepted, Delivery, Inbound, Media, Outgoing
from textback.sms.twilio_codes import STATUSES, failure
from textback.sms.twilio_forms import ANSWERED, MOST_MEDIA

#: What Twilio writes before every text of a trial account.
TRIAL = "Sent from your Twilio trial account - "

#: States of a text to us that is not whole yet, or that Twilio keeps from its customers (30038, 30039).
_NOT_FOR_US = frozenset({"receiving", "failed", "undelivered"})

#: https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
_LINE_TYPES = {
    "mobile": LineType.MOBILE,
    "landline": LineType.LANDLINE,
    "fixedVoip": LineType.VOIP,
    "nonFixedVoip": LineType.VOIP,
}

#: How far, in seconds, two clocks may differ that are taken for the same.
SKEW = 60.0

_SID = re.compile(r"[0-9A-Za-z-]{1,64}")
#: RFC 6838, 4.2
_TYPE = re.compile(r"[0-9A-Za-z!#$&^_.+-]{1,127}/[0-9A-Za-z!#$&^_.+-]{1,127}")


def accepted(record: Any) -> Accepted:
    """A text that Twilio has; raises ValueError where it has no id."""
    status = STATUSES.get(str(record.status), Status.SENT)
    return Accepted(sid(record), status, _count(record.num_segments, 1, 999))


def likeliest(
    records: Iterable[Any], message: Outgoing, others: Collection[str], since: float, until: float | None
) -> Accepted | None:
    """The one that is this text, made between ``since`` and ``until`` (epoch seconds of Twilio's clock), if any.

    ``since``: when it was handed over. ``until``: when another was that says the same; of several the nearest to
    ``since`` is meant then, else the newest. ``others``: the ids of other texts, though they may say the same.
    """
    alike = [record for record in records if _is_same(record, message) and record.sid not in others]
    made = [(at, record) for record in alike if (at := made_at(record)) is not None and at >= since - SKEW]
    if until is not None:
        made = [(-abs(at - since), record) for at, record in made if at < until]
    return accepted(max(made, key=lambda pair: pair[0])[1]) if made else None


def delivery(record: Any, line: str) -> Delivery | None:
    """What became of a text from the line; None where it is none, or in a state that is not known."""
    status = STATUSES.get(str(record.status))
    if status is None or record.from_ != line or not _went_out(record):
        return None
    has_failed = status in (Status.FAILED, Status.UNDELIVERED)
    return Delivery(sid(record), status, error=failure(record.error_code) if has_failed else None)


def is_inbound(record: Any, line: str) -> bool:
    """Whether this is a whole text to the line, from anybody."""
    is_ours = record.direction == "inbound" and record.to == line and str(record.status) not in _NOT_FOR_US
    return is_ours and isinstance(record.from_, str) and bool(record.from_)


def inbound(record: Any, at: float | None, media: tuple[Media, ...], answers_stop: bool) -> Inbound:
    """A text that came in ``at`` (epoch seconds of our clock); ``answers_stop``: Twilio answers its own words."""
    body = record.body if isinstance(record.body, str) else ""
    return Inbound(
        provider_id=sid(record),
        sender=record.from_,
        line=record.to,
        body=body,
        at=at,
        media=media,
        answered=answers_stop and body.strip().upper() in ANSWERED,
    )


def pictures(record: Any) -> int:
    """How many pictures came with a text."""
    return _count(record.num_media, 1, MOST_MEDIA) or 0


def media(records: Iterable[Any], account: str, message_sid: str) -> Iterator[Media]:
    """Where the pictures of a text are kept: always at Twilio, as our credentials go there to fetch them."""
    for record in records:
        kind = record.content_type if isinstance(record.content_type, str) else ""
        place = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages/{message_sid}/Media/{sid(record)}"
        yield Media(place, kind if _TYPE.fullmatch(kind) else "")


def line_type(record: Any) -> LineType | None:
    """What a number is connected to; None where Twilio does not know."""
    told = record.line_type_intelligence
    kind = told.get("type") if isinstance(told, dict) else None
    if not isinstance(kind, str) or kind == "unknown":
        return None
    return _LINE_TYPES.get(kind, LineType.OTHER)


def made_at(record: Any) -> float | None:
    """When Twilio made it, in epoch seconds of its clock."""
    made = record.date_created or record.date_sent
    return made.timestamp() if isinstance(made, datetime) else None


def sid(record: Any) -> str:
    """Twilio's id; raises ValueError where there is none."""
    if not isinstance(record.sid, str) or not _SID.fullmatch(record.sid):
        raise ValueError("no sid")
    return record.sid


def _count(written: object, least: int, most: int) -> int | None:
    # A messaging service counts 0 segments until it has chosen a sender.
    text = str(written)
    return int(text) if text.isdecimal() and len(text) < 10 and least <= int(text) <= most else None


def _went_out(record: Any) -> bool:
    return str(record.direction).startswith("outbound")


def _is_same(record: Any, message: Outgoing) -> bool:
    return (
        _went_out(record)
        and record.to == message.to
        and record.from_ == message.sender
        and _words(str(record.body).removeprefix(TRIAL)) == _words(message.body)
    )


def _words(text: str) -> list[str]:
    return text.split()
