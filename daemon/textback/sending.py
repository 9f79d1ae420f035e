"""The provider and the outbox that hands texts to it: both follow from ``[sms]``, and are changed together."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy import Connection

from textback.book import PracticeBook
from textback.clock import Clock
from textback.config import Config
from textback.elsewhere import judge_elsewhere_again
from textback.judge import judge_again
from textback.measures import Measures
from textback.model import Decision
from textback.outbox import Outbox
from textback.outbox.pacing import at_once
from textback.providers import provider_of
from textback.sms import Provider, SendError
from textback.store.claims import OutMessage
from textback.store.writer import Writer
from textback.until import Running


@dataclass(frozen=True)
class Sender:
    """What sends for one configuration."""

    provider: Provider
    outbox: Outbox


class Sending:
    """The sender of now. Whoever has work for it tells it here, so that nobody holds one that was changed for another.

    ``given``: the provider of a test, or of the demo, whatever the configuration says.
    """

    def __init__(
        self, config: Config, writer: Writer, clock: Clock, given: Provider | None, measures: Measures
    ) -> None:
        self._writer, self._clock, self._given, self._measures = writer, clock, given, measures
        self.now = self.made(config)
        self._running: Running | None = None

    def made(self, config: Config) -> Sender:
        """A sender that has not begun."""
        provider = self._given or provider_of(config, self._clock)
        return Sender(provider, self._outbox(config, provider))

    def nudge(self) -> None:
        """There may be work; from any thread, at any time."""
        self.now.outbox.nudge()

    def pause(self, error: SendError, number: str) -> None:
        """The provider said, after it had taken a text, that it carries none of the account, or of one number."""
        self.now.outbox.pause(error, number)

    def still_for(self, now: float) -> float:
        """Seconds at ``now`` (monotonic) for which the sender has not turned."""
        return self.now.outbox.still_for(now)

    def change(self, sender: Sender, tasks: asyncio.TaskGroup, users: Running) -> None:
        """Send by this one, once what the one before has in hand is finished, or left to be looked up.

        ``users``: who else asks the provider of before, and ends now.
        """
        endings, before = [one for one in (self._running, users) if one is not None], self.now.provider
        for one in endings:
            one.tell()
        self.now = sender

        async def send(stop: asyncio.Event) -> None:
            for one in endings:
                await one.end()
            if before is not sender.provider:
                await before.close()
            await sender.outbox.run(stop)

        self._running = Running(tasks, [send])

    def tell(self) -> None:
        """Let it end; does not wait."""
        if self._running is not None:
            self._running.tell()

    async def end(self) -> None:
        """Let it end, and wait until what is in hand is finished."""
        if self._running is not None:
            await self._running.end()

    def _outbox(self, config: Config, provider: Provider) -> Outbox:
        sms, book = config.sms, PracticeBook()

        def recheck(conn: Connection, message: OutMessage, now: float) -> Decision | None:
            if message.call_id is None:
                return judge_elsewhere_again(conn, book(conn), message, now)
            return judge_again(conn, book(conn), message.call_id, message.to_number, message.created_at, now)

        return Outbox(
            self._writer,
            provider,
            self._clock,
            sms.rate,
            logging.getLogger("textback.sms"),
            per_day=sms.per_day,
            at_once=at_once(sms.rate),
            timeout=sms.twilio.timeout if sms.twilio else 15.0,
            recheck=recheck,
            measures=self._measures,
        )
