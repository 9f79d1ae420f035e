"""The pages of settings that are lists of plain values: the practice itself, the guards, who of staff is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from textback.mistakes import Mistake
from textback.web.pages.settings.fields import (
    CHOICE,
    CODES,
    FLAG,
    LINE,
    MANY,
    NUMBER,
    SHORT,
    SPAN_OR_OFF,
    Document,
    Field,
    Typed,
    put,
    typed_of,
)
from textback.web.pages.settings.groups import Asked, Group, fields_of

_MODES = {"live": "Live: any caller may get a text", "test": "Test: only the test numbers below"}


def _guard(key: str, label: str, hint: str, usual: str, kind: Any = NUMBER) -> Field:
    return Field(("guards", key), label, kind, hint, usual=usual)


def _about(key: str, label: str, kind: Any, hint: str = "", **more: Any) -> Field:
    return Field(("practice", key), label, kind, hint, **more)


def _notify(key: str, label: str, kind: Any, hint: str, **more: Any) -> Field:
    return Field(("notify", key), label, kind, hint, **more)


ABOUT = (
    Group(
        "The practice",
        (
            _about("timezone", "Time zone", SHORT, 'As "America/New_York": hours are on the clocks there.'),
            _about("region", "Country", SHORT, 'As "US": how numbers without a country code are read.', usual="US"),
            _about("language", "Language", SHORT, 'As "en": of callers of whom no other is known.', usual="en"),
            _about("url", "Address on the web", LINE, "What {url} says in a text. With https:// before it."),
            _about("default", "Takes the calls that no queue or dialled number gives to one", FLAG, default=False),
        ),
    ),
    Group(
        "Test or live",
        (
            _about("mode", "Who may get a text", CHOICE, default="live", choices=_MODES),
            _about("test_numbers", "Test numbers", MANY, "A number a line. They count in test mode only."),
        ),
    ),
)
GUARDS = (
    Group(
        "Whom no text goes to",
        (
            _guard("countries", "Only numbers of these countries", "By their codes: US, CA.", "the own one", CODES),
            _guard("blocked", "Blocked", 'A number a line, or how it begins: "+1900".', "", MANY),
        ),
        "Numbers that are withheld, and those that said STOP, never get one: nothing can switch that off.",
    ),
    Group(
        "Not again so soon",
        (
            _guard("cooldown", "After an automatic text, none within", "To the same number, for a lost call.", "4h"),
            _guard("in_conversation", "After staff wrote, none within", "They are in touch already.", "5m"),
            _guard("settle", "Wait after a lost call", "Who calls again within that time needs no text.", "15s"),
        ),
        'Times as "30s", "5m", "4h" or "1d"; 0 switches a guard off.',
    ),
    Group(
        "Not at that hour, not that late",
        (
            _guard("quiet_hours", "Quiet hours", 'As "21:00-08:00": texts wait for their end.', "off", SPAN_OR_OFF),
            _guard("quiet_hold", "They wait for no longer than", "Older ones are not sent any more.", "12h"),
            _guard("max_age", "Held for a person once older than", "After an outage, say, staff decide.", "10m"),
        ),
        "A text that a caller asks for by the key is never kept back by quiet hours.",
    ),
    Group(
        "At most so many",
        (
            _guard("per_minute", "In a minute", "", "60"),
            _guard("per_day", "In a day", "", "2000"),
            _guard("per_prefix", "In a minute to numbers alike in their first six digits", "", "10"),
        ),
        "Callers can forge their numbers to make others pay for texts. What is over these is held, and a person"
        " releases it or not; 0 switches a guard off.",
    ),
    Group(
        "Is it worth it?",
        (_guard("holdout", "Callers to leave out by chance, in percent", "From 0 to 50.", "0"),),
        "So many of the callers who gave up or were missed, and who would have been texted, get no text. The reports"
        " then tell how many of each come back, with a text and without, and how sure the difference is. Who asks for a"
        " text always gets it. Leave it at 0 unless you want to know: whoever is left out may be lost.",
    ),
)
NOTIFY = (
    Group(
        "Of a reply that nobody has read",
        (
            _notify("email", "By e-mail to", MANY, "An address a line."),
            _notify("webhook", "By webhook to", LINE, "Where other software takes it. With https:// before it."),
            _notify("after", "If nobody has read it within", SHORT, 'As "30s", "5m" or "1h"; 0: at once.', usual="30s"),
            _notify("language", "Language of the e-mail", SHORT, 'As "en".', usual="the practice's"),
        ),
        "Each is told once for a conversation until somebody has read it: which line, how many conversations wait, and"
        " where to read them. Never what was written, nor by whom.",
    ),
)


@dataclass(frozen=True)
class PlainSheet:
    """Fields that are always the same, each a value of the file."""

    title: str
    lead: str
    fixed: tuple[Group, ...]

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """Always the same."""
        return list(self.fixed)

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """Every value is one of the file."""
        return typed_of(fields_of(groups), document)

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with what was typed."""
        return put(fields_of(self.fixed), document, typed), []
