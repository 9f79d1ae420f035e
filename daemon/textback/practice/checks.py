"""What no single value of a practice file can tell: what is missing, what is double, which text gets too long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textback import hours, template
from textback.mistakes import Mistake, required
from textback.model import Flow
from textback.practice.sections import WEEKDAYS, Document, OpeningHours

#: Words that ask the reader to write back, in the languages that waits are told in.
INVITATIONS = re.compile(
    r"\b(repl(y|ies)|text (us )?back|responda|responder|respóndanos|conteste|escríbanos|répondez|répondre|écrivez)\b",
    re.IGNORECASE,
)
LONG_NIGHT = 12 * 60  # minutes
#: Where texts stand: the section, the table in it that has them (none: the section itself), the flow.
PLACES = (
    ("call_to_text", "", Flow.CALL_TO_TEXT),
    ("abandoned", "", Flow.ABANDONED),
    ("missed", "during_hours", Flow.MISSED),
    ("missed", "outside_hours", Flow.MISSED),
)


@dataclass(frozen=True, slots=True)
class _Texts:
    """The messages that stand at one place of the file, and whether and with what others they are used."""

    key: str
    flow: Flow
    messages: Mapping[str, str]
    enabled: bool
    in_force: Mapping[str, str]


def mistakes(document: Document) -> Iterator[Mistake]:
    """Every mistake that only shows in the whole; ``document`` may be a half-right one."""
    yield from _missing(document)
    yield from _doubles(document)
    yield from _overlaps("hours", document.opening)
    yield from _overlaps("chat.hours", document.chat.opening)
    for texts in _texts(document):
        yield from _text_mistakes(document, texts.key, texts.messages, template.LIMITS[texts.flow])
        if texts.enabled and document.about.language not in texts.in_force:
            key = f"{texts.key}.{document.about.language}"
            yield Mistake(key, "nothing", "a message in the practice's language, as the flow is enabled")
    for key, replies in _replies(document):
        yield from _text_mistakes(document, key, replies, None, extra=("staff",))


def warnings(document: Document) -> Iterator[str]:
    """What works and is hardly meant, one sentence each."""
    for texts in _texts(document):
        for language, text in texts.messages.items() if texts.enabled else ():
            yield from (f"{texts.key}.{language} {what}" for what in doubts(document, text))
    yield from warnings_beside_texts(document)


def warnings_beside_texts(document: Document) -> Iterator[str]:
    """Those of them that are about no text."""
    if document.opening is None:
        yield "there is no [hours] table: the practice counts as always open"
    if document.about.mode == "test" and not document.about.test_numbers:
        yield "practice.mode is test and practice.test_numbers is empty: nobody gets a text"
    if (document.notify.webhook or "").startswith("http:"):
        yield "notify.webhook begins with http://: others on the way can read what is posted, and change it"
    for day, spans in _days(document.opening):
        for start, end in spans:
            if end < start and end + hours.DAY - start > LONG_NIGHT:
                yield f"hours.{day}: {hours.write_span((start, end))} goes over midnight for more than 12 hours"


def doubts(document: Document, text: str) -> Iterator[str]:
    """What is doubtful about one text, each going on from its key."""
    if "{practice}" not in text and document.about.name.casefold() not in text.casefold():
        yield "doesn't say who is writing: neither {practice} nor the practice's name is in it"
    chat = document.chat
    if INVITATIONS.search(text) and not (chat.allow_start and chat.allow_unknown):
        yield "invites a reply, and the chat rules refuse it"


def _missing(document: Document) -> Iterator[Mistake]:
    yield from required(
        "practice",
        document.about,
        name="the practice's name",
        timezone='a time zone such as "America/New_York"',
        region='a country such as "US"',
    )
    if not document.lines:
        yield Mistake("line", "nothing", "at least one [[line]]")
    for at, line in enumerate(document.lines):
        number = "the telephone number that texts are sent from"
        yield from required(f"line[{at}]", line, name="the line's name", number=number)
    for at, response in enumerate(document.quick_responses):
        text = "a text in at least one language"
        yield from required(f"quick_response[{at}]", response, title="a short title", text=text)


def _doubles(document: Document) -> Iterator[Mistake]:
    seen: dict[tuple[str, str], str] = {}
    for key, kind, value in _unique_values(document):
        if value and (kind, value) in seen:
            yield Mistake(key, f'"{value}", which is in {seen[kind, value]} already', f"each {kind} once")
        seen.setdefault((kind, value), key)


def _unique_values(document: Document) -> Iterator[tuple[str, str, str]]:
    for at, line in enumerate(document.lines):
        yield f"line[{at}].name", "name", line.name
        yield f"line[{at}].number", "number", line.number
        yield from ((f"line[{at}].queues", "queue", queue) for queue in line.queues)
        yield from ((f"line[{at}].dids", "dialled number", did) for did in line.dids)
    for at, response in enumerate(document.quick_responses):
        yield f"quick_response[{at}].title", "title", response.title.casefold()
    yield from ((f"notify.email[{at}]", "address", one.lower()) for at, one in enumerate(document.notify.email))


def _overlaps(key: str, opening: OpeningHours | None) -> Iterator[Mistake]:
    for day, spans in _days(opening):
        if hours.overlapping(spans):
            yield Mistake(f"{key}.{day}", ", ".join(map(hours.write_span, spans)), "hours that don't overlap")


def _days(opening: OpeningHours | None) -> Iterator[tuple[str, tuple[hours.Span, ...]]]:
    if opening is not None:
        yield from ((day, getattr(opening, day)) for day in WEEKDAYS)
        yield from ((f"open.{day}", spans) for day, spans in opening.open.items())


def _texts(document: Document) -> Iterator[_Texts]:
    """Those of each flow, then those that its queues have of their own."""
    for section, part, flow in PLACES:
        rules = getattr(document, section)
        base = getattr(rules, part, rules)
        yield _Texts(_key(section, part), flow, base.message, base.enabled, base.message)
        for queue, own in rules.queue.items():
            there = rules.for_queue(queue)
            own, there = getattr(own, part, own), getattr(there, part, there)
            # A flow that lacks its text everywhere is told once, at the flow.
            in_force = {document.about.language: ""} if base.enabled else there.message
            yield _Texts(_key(f"{section}.queue.{queue}", part), flow, own.message, there.enabled, in_force)


def _key(section: str, part: str) -> str:
    return ".".join(filter(None, (section, part, "message")))


def _text_mistakes(
    document: Document, key: str, texts: Mapping[str, str], limit: int | None, extra: tuple[str, ...] = ()
) -> Iterator[Mistake]:
    names = [line.name for line in document.lines]
    fixed = {
        "practice": document.about.name,
        "line": max(names, key=len, default=""),
        "url": document.about.url,
    }
    for language, text in texts.items():
        for sentence in template.mistakes(text, limit, fixed, language, extra):
            found, _, expected = sentence.rpartition(", expected ")
            yield Mistake(f"{key}.{language}", found, expected)
        if "{url}" in text and not document.about.url:
            yield Mistake(f"{key}.{language}", "{url}", "practice.url to be set, as this text uses it")


def _replies(document: Document) -> Iterator[tuple[str, Mapping[str, str]]]:
    if document.chat.closed_reply:
        yield "chat", {"closed_reply": document.chat.closed_reply}
    yield "chat.after_hours_reply", document.chat.after_hours_reply
    for at, response in enumerate(document.quick_responses):
        yield f"quick_response[{at}].text", response.text
