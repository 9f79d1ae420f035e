"""From the bytes of an ESL connection to facts: cut, peek, translate; nothing here waits."""

from __future__ import annotations

import logging
from collections.abc import Callable

from textback.events import Fact
from textback.pbx.esl_event import Event, JsonEvent, PlainEvent, peek
from textback.pbx.esl_facts import WANTED, Translator
from textback.pbx.esl_frames import Frame, Frames, header

#: Seconds after which what was held back counts, though no other event has come.
SETTLE = 0.12

#: of each call the dialplan executes some twenty applications; FreeSWITCH is asked for the beginning of these only
APPLICATIONS = ("bridge", "voicemail", "lua")
_APPLICATIONS = frozenset(name.encode() for name in APPLICATIONS)
_EVENTS = frozenset({b"text/event-plain", b"text/event-json"})


def is_event(frame: Frame) -> bool:
    """Whether a frame is an event, and no answer or notice."""
    return frame.kind in _EVENTS


def is_wanted(frame: Frame) -> bool:
    """Whether an event means something, as far as its name tells, and its application."""
    name = peek(frame.kind, frame.body)
    if name == b"CHANNEL_EXECUTE" and frame.kind == b"text/event-plain":
        return header(frame.body, "Application") in _APPLICATIONS
    return name in WANTED


class Reader:
    """Takes the bytes of one connection, gives facts to ``on_fact`` in the order in which they arrived.

    ``faults`` counts the events that could not be taken.
    """

    def __init__(
        self,
        translator: Translator,
        on_fact: Callable[[Fact], None],
        log: logging.Logger = logging.getLogger("textback.esl"),
    ) -> None:
        self.translator = translator
        self.events = 0
        self.faults = 0
        self._on_fact = on_fact
        self._log = log
        self._frames = Frames()

    def feed(self, data: bytes, at: float) -> None:
        """Take what arrived at ``at`` (seconds since the epoch). Raises ``LinkError`` if it is no such stream."""
        for frame in self._frames.feed(data):
            if is_event(frame):
                self.events += 1
                if is_wanted(frame):
                    self.take(frame, at)

    def take(self, frame: Frame, at: float) -> None:
        """Take one event."""
        try:
            for fact in self.translator.take(_event_of(frame), at):
                self._on_fact(fact)
        except Exception:
            self._fault()

    def settle(self, at: float) -> None:
        """Nothing came until ``at``: what was held back is true."""
        try:
            for fact in self.translator.settled(at):
                self._on_fact(fact)
        except Exception:
            self._fault()

    def _fault(self) -> None:
        # One event that cannot be taken must not cost the others; once in the log is enough to mend it.
        self.faults += 1
        if self.faults == 1:
            self._log.exception("an event of %s could not be taken", self.translator.pbx)


def _event_of(frame: Frame) -> Event:
    return JsonEvent.read(frame.body) if frame.kind == b"text/event-json" else PlainEvent(frame.body)
