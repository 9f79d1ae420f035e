"""What each text of a practice reads like, how long it may get, and how many segments it takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from textback import template
from textback.model import Flow
from textback.practice import Line, Practice, message_in
from textback.practice.checks import PLACES, doubts

#: The caller that previews are for: a contact of the practice, who waited so many seconds.
SAMPLE_NAME = "Maria"
SAMPLE_WAIT = 95.0
#: Seconds, one for each form in which a wait is told.
_WAITS = (0.0, 60.0, 3600.0, 3601.0)
_MOST_CHARACTERS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """One text in one language; ``characters``, ``segments`` and ``cost`` are those of ``text``.

    ``when``: ``during_hours`` or ``outside_hours``, where the flow has a text for each. ``queue``: where it is said,
    None: wherever no queue has its own. ``to_strangers``: the same for a caller whom the practice does not know, if it
    reads differently. ``most_characters`` and ``most_segments``: with the longest possible values. ``cost``: of the
    segments, in the currency of the price; None if no price is known.
    """

    practice: str
    line: str
    flow: Flow
    when: str | None
    queue: str | None
    language: str
    enabled: bool
    text: str
    to_strangers: str | None
    characters: int
    most_characters: int
    limit: int
    segments: int
    most_segments: int
    encoding: str
    cost: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The messages of one flow (and hours) in one queue, as they are in force there; ``rules`` are the flow's."""

    flow: Flow
    when: str | None
    queue: str | None
    enabled: bool
    rules: Any
    messages: Mapping[str, str]


def places(practice: Practice, queue: str | None = None) -> Iterator[Place]:
    """Where a practice has texts: those of each flow, then those of the queues that differ; or those in ``queue``."""
    for section, when, flow in PLACES:
        rules = getattr(practice, section)
        yield _place(rules, flow, when, queue)
        for name, own in rules.queue.items() if queue is None else ():
            own = getattr(own, when) if when else own
            if {"message", "enabled"} & own.model_fields_set:
                yield _place(rules, flow, when, name)


def _place(rules: Any, flow: Flow, when: str, queue: str | None) -> Place:
    there = rules.for_queue(queue)
    texts = getattr(there, when) if when else there
    return Place(flow, when or None, queue, texts.enabled, there, texts.message)


def previews(practice: Practice, place: Place, price: float = 0.0) -> list[Preview]:
    """The texts of one place, that in the practice's own language first; ``price``: of a segment, 0 if not known."""
    languages = sorted(place.messages, key=lambda language: (language != practice.language, language))
    return [_preview(practice, place, language, price) for language in languages]


def widest(practice: Practice, place: Place, language: str) -> str:
    """The text of one place in one language as long as it can get."""
    said, queue = _Said(practice, place.messages[language], language), sample_queue(practice, place.queue)
    lines = [line_of(practice, place.queue)] if place.queue else practice.lines
    return max(said.widest(place.queue and queue, lines), key=len)


def line_of(practice: Practice, queue: str | None) -> Line:
    """The line that serves a queue (``support`` or ``main/support``), else the first one."""
    return next((line for line in practice.lines if queue and serves(line, queue)), practice.lines[0])


def serves(line: Line, queue: str) -> bool:
    """Whether a line names a queue; "sales" may mean "main/sales", and the other way round."""
    bare = queue.rpartition("/")[2]
    return any(its in (queue, bare) or its.rpartition("/")[2] == queue for its in line.queues)


def sample_queue(practice: Practice, queue: str | None) -> str:
    """The queue that the sample caller waited in, as the PBX calls it."""
    first = next((its for line in practice.lines for its in line.queues), "support")
    return (queue or first).rpartition("/")[2]


def _preview(practice: Practice, place: Place, language: str, price: float) -> Preview:
    line = line_of(practice, place.queue)
    said = _Said(practice, place.messages[language], language)
    queue = sample_queue(practice, place.queue)
    text, to_strangers = (said.to(name, queue, line) for name in (SAMPLE_NAME, ""))
    widest = said.widest(place.queue and queue, [line] if place.queue else practice.lines)
    counted = template.segments(text)
    return Preview(
        practice=practice.name,
        line=line.number,
        flow=place.flow,
        when=place.when,
        queue=place.queue,
        language=language,
        enabled=place.enabled,
        text=text,
        to_strangers=to_strangers if to_strangers != text else None,
        characters=len(text),
        most_characters=max(map(len, widest)),
        limit=template.LIMITS[place.flow],
        segments=counted.count,
        most_segments=max(template.segments(one).count for one in widest),
        encoding=counted.encoding,
        cost=round(counted.count * price, 6) if price else None,
        warnings=tuple(_warnings(practice, place, language, text)),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """A text before its placeholders are filled."""

    practice: Practice
    source: str
    language: str

    def to(self, name: str, queue: str, line: Line, waited: float = SAMPLE_WAIT) -> str:
        """As a caller reads it whom the practice knows by ``name`` ("": whom it does not know)."""
        wait = template.wait_words(waited, self.language)
        values = {"practice": self.practice.name, "line": line.name, "queue": queue, "wait": wait}
        return template.render(self.source, values | {"first_name": name, "url": self.practice.url})

    def widest(self, queue: str | None, lines: Sequence[Line]) -> list[str]:
        """With values as long as they can be, in all combinations that may matter."""
        names = ("", "W" * template.LONGEST_FIRST_NAME)
        queue = queue or "W" * template.LONGEST_QUEUE
        return [self.to(name, queue, line, waited) for name, line, waited in product(names, lines, _WAITS)]


def _warnings(practice: Practice, place: Place, language: str, text: str) -> Iterator[str]:
    yield from doubts(practice, place.messages[language]) if place.enabled else ()
    yield from _costly_characters(text)
    missing = [one for one in _languages(practice) if message_in(place.messages, one) is None]
    if place.enabled and language == practice.language and missing:
        yield f"goes to readers of {', '.join(missing)}, too, who have texts of their own elsewhere"


def _languages(practice: Practice) -> list[str]:
    return sorted({language for place in places(practice) if place.enabled for language in place.messages})


def _costly_characters(text: str) -> Iterator[str]:
    """Characters that are not in GSM-7, if more segments are needed because of them."""
    foreign = sorted({character for character in text if template.segments(character).encoding == "UCS-2"})
    plain = "".join("?" if character in foreign else character for character in text)
    count, without = template.segments(text).count, template.segments(plain).count
    if without < count:
        named = ", ".join(_shown(one) for one in foreign[:_MOST_CHARACTERS_NAMED])
        more = " and others" if len(foreign) > _MOST_CHARACTERS_NAMED else ""
        yield f"takes {count} segments instead of {without} because of {named}{more}: not in the GSM-7 alphabet"


def _shown(character: str) -> str:
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return f"{character} ({name})" if character.isprintable() else name
