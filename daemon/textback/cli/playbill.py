"""What the demo prints: each call with its verdict, each text, and when there were enough of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click

from textback.cli.output import one_line
from textback.clock import Clock
from textback.demo.correspondents import Correspondents
from textback.ledger import Entry
from textback.model import Verdict
from textback.sms import Accepted, Delivery, Inbound, Outgoing
from textback.sms.console import Console

_INDENT = " " * 10


class Playbill(Console):
    """Hears of the verdicts, and is the provider of the texts; ``on_enough`` is called after ``enough`` calls.

    A call whose text has not left yet does not count.
    """

    def __init__(self, clock: Clock, enough: int | None, on_enough: Callable[[], None]) -> None:
        super().__init__(self._text)
        self.calls = 0
        self.texts = 0
        self._clock = clock
        self._enough = enough
        self._on_enough = on_enough
        self._due: set[str] = set()
        self._callers = Correspondents(clock)
        self._heard: set[str] = set()

    def decided(self, entries: list[Entry]) -> None:
        """Print calls with their verdicts."""
        for entry in entries:
            if entry.decision is None:
                continue
            self.calls += 1
            if entry.message_id and entry.decision.verdict is Verdict.TEXT:
                self._due.add(entry.message_id)
            self._line(f"{_who(entry)}: {one_line(', '.join(words for _, words in entry.story))}")
            click.echo(f"{_INDENT}{one_line(entry.decision.why)}")
        self._count()

    async def send(self, message: Outgoing) -> Accepted:
        accepted = await super().send(message)
        self.texts += 1
        self._due.discard(message.id)
        self._callers.read(message, accepted.provider_id)
        self._count()
        return accepted

    async def received(self, line: str, since: float) -> list[Inbound]:
        """What callers wrote back, each printed once."""
        found = [text for text in self._callers.received(line) if text.at is None or text.at >= since]
        for text in found:
            if text.provider_id not in self._heard:
                self._heard.add(text.provider_id)
                self._line(one_line(f"text from {text.sender}: {text.body}"))
        return found

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        """What has reached the callers."""
        return self._callers.deliveries(line)

    def _text(self, line: str) -> None:
        self._line(line)

    def _line(self, words: str) -> None:
        click.echo(f"{datetime.fromtimestamp(self._clock()):%H:%M:%S}  {words}")

    def _count(self) -> None:
        if self._enough is not None and self.calls >= self._enough and not self._due:
            self._on_enough()


def _who(entry: Entry) -> str:
    known = [part for part in (entry.call.name, entry.number) if part]
    return one_line(" ".join(known)) if entry.number else "a caller who hides the number"
