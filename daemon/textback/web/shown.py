"""How pages show things: numbers, names, times and states, in words that staff read."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers

from textback import numbers
from textback.model import Disposition, Flow, Status, Verdict
from textback.store.audit import Action
from textback.wording import span

ENDED = {
    Disposition.TEXTED: "Asked for a text",
    Disposition.ANSWERED: "Answered",
    Disposition.ABANDONED: "Gave up on hold",
    Disposition.MISSED: "Missed",
    Disposition.UNREACHED: "Left in the menu",
    Disposition.LOST: "End not seen",
}
FLOWS = {Flow.CALL_TO_TEXT: "call-to-text", Flow.ABANDONED: "abandoned", Flow.MISSED: "missed"}
#: A text's state in words, and how it is marked: by colour, and by a sign for those who see none.
STATES = {
    Status.QUEUED: ("On its way", "accent", ""),
    Status.SENDING: ("On its way", "accent", ""),
    Status.SENT: ("Sent", "accent", ""),
    Status.DELIVERED: ("Delivered", "good", "✓"),
    Status.FAILED: ("Not delivered", "bad", "✕"),
    Status.UNDELIVERED: ("Not delivered", "bad", "✕"),
    Status.UNKNOWN: ("Perhaps sent", "warn", "?"),
    Status.HELD: ("Held for you", "warn", "!"),
    Status.CANCELLED: ("Not sent", "", ""),
}
REPLIED = ("Replied", "good", "↩")
_LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "pt": "Portuguese", "zh": "Chinese"}


class Place(NamedTuple):
    """What times and numbers are read by: a time zone (IANA) and a region (ISO 3166)."""

    zone: str = "UTC"
    region: str = "US"


class Mark(NamedTuple):
    """A word with its colour (a class of the style sheet) and its sign."""

    word: str
    colour: str
    sign: str = ""


@lru_cache(maxsize=10_000)
def number(e164: str | None, region: str = "US") -> str:
    """``(202) 555-0123`` at home, ``+44 20 7946 0018`` from elsewhere, and as it is where it is no number."""
    if not e164:
        return "Number withheld"
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return plain(e164)
    home = phonenumbers.country_code_for_region(region) == parsed.country_code
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def dialled(did: str | None, region: str = "US") -> str:
    """A dialled number, as trunks deliver it: with or without the country, or its last digits only."""
    return number(numbers.read(did, region).e164, region) if did and numbers.read(did, region).e164 else plain(did)


def plain(text: str | None) -> str:
    """Text by a stranger on one line: what is no character to be seen, or turns the direction, becomes U+FFFD."""
    return "".join(_seen(character) for character in text or "").strip()


def body(text: str) -> str:
    """The same for texts, which may have several lines."""
    return "\n".join("".join(map(_seen, line)) for line in text.splitlines())


def _seen(character: str) -> str:
    if character.isprintable():
        return character
    kind = unicodedata.category(character)
    if kind == "Zs":
        return " "
    # joiners make emoji and many scripts; they are no letters to be seen, but belong to them
    return character if character in "\u200c\u200d" else "\ufffd"


def full_name(row: Mapping[str, Any]) -> str:
    """First and last name of a contact; '' if there is none."""
    return plain(" ".join(filter(None, (row.get("first_name"), row.get("last_name")))))


def clock(at: float, place: Place, now: float) -> str:
    """``10:42`` today, ``26 Nov 10:42`` before, with the year before this one."""
    when, today = _local(at, place), _local(now, place)
    if when.date() == today.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b %H:%M}" if when.year == today.year else f"{when.day} {when:%b %Y %H:%M}"


def day(at: float, place: Place, now: float) -> str:
    """``Today``, ``Yesterday``, ``Thursday, 26 November 2026``."""
    when, today = _local(at, place).date(), _local(now, place).date()
    ago = (today - when).days
    if ago in (0, 1):
        return ("Today", "Yesterday")[ago]
    return f"{when:%A}, {when.day} {when:%B %Y}"


def moment(at: float, place: Place) -> str:
    """``Fri 27 Nov 2026, 10:42:07 EST``"""
    when = _local(at, place)
    return f"{when:%a} {when.day} {when:%b %Y, %H:%M:%S %Z}"


def iso(at: float) -> str:
    """For ``<time datetime>``."""
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _local(at: float, place: Place) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(place.zone))


def language(code: str | None) -> str:
    """``es-MX`` -> ``Spanish (es-MX)``."""
    known = _LANGUAGES.get((code or "").partition("-")[0].lower())
    return f"{known} ({code})" if known else plain(code)


def ended(call: Mapping[str, Any]) -> Mark:
    """How a call ended."""
    disposition = call["disposition"]
    if disposition is None:
        return Mark("On the line", "accent", "☎")
    if disposition == Disposition.MISSED and call["voicemail"]:
        return Mark("Voicemail", "warn")
    colour = {Disposition.ANSWERED: "good", Disposition.TEXTED: "accent"}.get(disposition, "warn")
    return Mark(ENDED[Disposition(disposition)], colour)


def text_state(call: Mapping[str, Any]) -> Mark:
    """What became of the text of a call."""
    status = call["text_status"]
    if status is None:
        settling = call["verdict"] is None and call["disposition"] is not None
        return Mark("To be decided" if settling else "No text", "")
    if call["last_reply_at"] and call["text_at"] and call["last_reply_at"] > call["text_at"]:
        return Mark(*REPLIED)
    return Mark(*STATES[Status(status)])


def message_state(message: Mapping[str, Any]) -> Mark:
    """What became of a message of ours."""
    return Mark(*STATES[Status(message["status"])])


def why(call: Mapping[str, Any]) -> str:
    """The sentence of a verdict, without the word that the page shows beside it."""
    told = plain(call["why"])
    for verdict in Verdict:
        told = told.removeprefix(f"{verdict}: ")
    return told


def who(call: Mapping[str, Any], place: Place) -> str:
    """What is said of a caller under the name: number, what they are to the practice, how often they tried."""
    known = call["contact"]
    is_named = bool(known and known.name) or bool(plain(call["caller_name"]))
    parts = [number(call["caller"], place.region)] if is_named else []
    if known and known.verified and known.kind:
        parts.append(known.kind)
    elif call["caller"]:
        parts.append("not known")
    if call["attempts"] > 1:
        parts.append(f"{call['attempts']} calls in 24 h")
    return " · ".join(parts)


def call_words(call: Mapping[str, Any]) -> str:
    """A call in a line of its conversation: ``called support, waited 2 min 14 s, gave up on hold``."""
    parts = [f"called {plain(call['queue'] or call['did'])}".strip()]
    if call["hold_seconds"]:
        parts.append(f"waited {span(call['hold_seconds'])}")
    if call["disposition"] == Disposition.ANSWERED:
        parts.append(f"answered by {plain(call['answered_by'] or 'somebody')}")
    else:
        parts.append(ended(call).word.lower())
    return ", ".join(parts)


_ACTIONS = {
    Action.ASSIGNED: "gave it {}",
    Action.SNOOZED: "snoozed it",
    Action.WOKE: "woke it",
    Action.CLOSED: "closed it",
    Action.REOPENED: "opened it again",
    Action.FILED: "said who it is",
    Action.CHANGED_CONTACT: "changed the contact",
}


def action_words(row: Mapping[str, Any]) -> str:
    """What somebody did to a conversation."""
    told = _ACTIONS.get(row["action"], str(row["action"]).replace("_", " "))
    return told.format(plain(row["detail"]) or "to nobody")
