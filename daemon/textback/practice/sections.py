"""The tables of a practice file, each with its defaults and what is particular to a queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationInfo

from textback import hours
from textback.destinations import EmailAddress, WebhookAddress
from textback.fields import (
    Count,
    Day,
    DialledNumber,
    Duration,
    Flag,
    Holidays,
    Language,
    Messages,
    Name,
    NumberOrPrefix,
    Region,
    Section,
    Span,
    SpanOrOff,
    TextingNumber,
    TimeZone,
    WebAddress,
)

Rules = TypeVar("Rules", bound=Section)
Part = TypeVar("Part", bound=Section)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Spans = tuple[Span, ...]
When = Literal["open", "always", "closed"]


class About(Section):
    """[practice]"""

    name: Name = ""
    timezone: TimeZone = "UTC"
    region: Region = "US"
    language: Language = "en"
    default: Flag = False
    url: WebAddress = ""
    mode: Literal["live", "test"] = "live"
    test_numbers: tuple[TextingNumber, ...] = ()


class Line(Section):
    """[[line]]: a texting number, the queues and dialled numbers it serves; numbers are E.164."""

    name: Name = ""
    number: TextingNumber = ""
    main_number: TextingNumber | None = None
    queues: tuple[Name, ...] = ()
    dids: tuple[DialledNumber, ...] = ()


class OpeningHours(Section):
    """[hours] and [chat.hours]; a day that is not named is closed."""

    mon: Spans = ()
    tue: Spans = ()
    wed: Spans = ()
    thu: Spans = ()
    fri: Spans = ()
    sat: Spans = ()
    sun: Spans = ()
    holidays: Holidays | None = None
    closed: tuple[Day, ...] = ()
    open: dict[Day, Spans] = {}

    def hours(self) -> hours.Hours:
        weekly = tuple(getattr(self, day) for day in WEEKDAYS)
        return hours.Hours(weekly, self.holidays, frozenset(self.closed), self.open)


class CallToTextRules(Section):
    """[call_to_text] without its queues."""

    enabled: Flag = False
    cooldown: Duration = 120.0
    after: Duration = 30.0
    key: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"] = "5"
    offer: Literal["announce", "redirect", "whisper", "none"] = "announce"
    after_text: Literal["hangup", "stay"] = "hangup"
    hours: When = "open"
    message: Messages = {}


class AbandonedRules(Section):
    """[abandoned] without its queues."""

    enabled: Flag = False
    min_hold: Duration = 5.0
    hours: When = "always"
    message: Messages = {}


class MissedMessage(Section):
    """[missed.during_hours] and [missed.outside_hours]"""

    enabled: Flag = False
    message: Messages = {}


class MissedRules(Section):
    """[missed] without its queues."""

    voicemail: Literal["missed", "answered"] = "missed"
    min_ring: Duration = 5.0
    count_unreached_outside_hours: Flag = False
    during_hours: MissedMessage = MissedMessage()
    outside_hours: MissedMessage = MissedMessage()


def _own_rules(rules: Mapping[str, Rules], name: str | None) -> Rules | None:
    """Those of "sales" hold in "main/sales" too, and the other way round where only one can be meant."""
    if name is None:
        return None
    _, slash, bare = name.rpartition("/")
    if own := rules.get(name) or rules.get(bare):
        return own
    several = [own for key, own in rules.items() if not slash and key.endswith("/" + name)]
    return several[0] if len(several) == 1 else None


def _with(base: Part, own: Section | None) -> Part:
    if own is None:
        return base
    changes: dict[str, Any] = {}
    for name in own.model_fields_set:
        before, after = getattr(base, name), getattr(own, name)
        if isinstance(after, Section):
            after = _with(before, after)
        changes[name] = {**before, **after} if isinstance(after, dict) else after
    return base.model_copy(update=changes)


class CallToText(CallToTextRules):
    """[call_to_text]"""

    queue: dict[Name, CallToTextRules] = {}

    def for_queue(self, name: str | None) -> Self:
        """The rules that hold in a queue: what ``[call_to_text.queue.NAME]`` states wins."""
        return _with(self, _own_rules(self.queue, name))


class Abandoned(AbandonedRules):
    """[abandoned]"""

    queue: dict[Name, AbandonedRules] = {}

    def for_queue(self, name: str | None) -> Self:
        """The rules that hold in a queue: what ``[abandoned.queue.NAME]`` states wins."""
        return _with(self, _own_rules(self.queue, name))


class Missed(MissedRules):
    """[missed]"""

    queue: dict[Name, MissedRules] = {}

    def for_queue(self, name: str | None) -> Self:
        """The rules that hold in a queue: what ``[missed.queue.NAME]`` states wins."""
        return _with(self, _own_rules(self.queue, name))


def _own_region(value: object, info: ValidationInfo) -> object:
    return [(info.context or {}).get("region") or "US"] if value is None else value


class Guards(Section):
    """[guards]: why a text is not sent; a count or time of 0 switches its guard off."""

    countries: Annotated[tuple[Region, ...], Field(min_length=1), BeforeValidator(_own_region)] = Field(
        default=None, validate_default=True
    )
    cooldown: Duration = 4 * 3600.0
    settle: Duration = 15.0
    max_age: Duration = 600.0
    in_conversation: Duration = 300.0
    quiet_hours: SpanOrOff = None
    quiet_hold: Duration = 12 * 3600.0
    per_minute: Count = 60
    per_day: Count = 2000
    per_prefix: Count = 10
    holdout: Annotated[int, Field(strict=True, ge=0, le=50)] = 0
    blocked: tuple[NumberOrPrefix, ...] = ()


class Chat(Section):
    """[chat]: who may write, and what is answered when nobody is there."""

    allow_start: Flag = True
    allow_unknown: Flag = True
    closed_reply: Annotated[str, Field(strict=True, max_length=2000)] = ""
    share_contacts_across_practices: Flag = False
    shared_number: Literal["staff", "ask"] = "staff"
    opening: OpeningHours | None = Field(default=None, alias="hours")
    after_hours_reply: Messages = {}

    @property
    def hours(self) -> hours.Hours | None:
        """The texting staff's hours; None: those of the practice."""
        return self.opening.hours() if self.opening else None


class Notify(Section):
    """[notify]: who is told of a reply that nobody has read for ``after`` seconds; ``language``: of the e-mail."""

    email: Annotated[tuple[EmailAddress, ...], Field(max_length=20)] = ()
    webhook: WebhookAddress | None = None
    after: Annotated[Duration, Field(le=86_400.0)] = 30.0
    language: Language | None = None


class QuickResponse(Section):
    """[[quick_response]]"""

    title: Name = ""
    text: Messages = {}


class Document(Section):
    """A practice file as it is written."""

    about: About = Field(default=About(), alias="practice")
    lines: tuple[Line, ...] = Field(default=(), alias="line")
    opening: OpeningHours | None = Field(default=None, alias="hours")
    call_to_text: CallToText = CallToText()
    abandoned: Abandoned = Abandoned()
    missed: Missed = Missed()
    guards: Guards = Field(default={}, validate_default=True)
    chat: Chat = Chat.model_validate({})
    notify: Notify = Notify()
    quick_responses: tuple[QuickResponse, ...] = Field(default=(), alias="quick_response")
