"""What a provider tells us, posted or fetched: written with its effect in one transaction, once."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from textback.clock import Clock
from textback.inbox import Inbox, Received
from textback.measures import Measures
from textback.model import Status
from textback.numbers import Masked
from textback.sms import Delivery, Fault, Inbound, SendError
from textback.store import callbacks, deliveries
from textback.store.deliveries import Applied, Report
from textback.store.writer import Writer

#: Seconds for which what a provider posted is kept as it came.
KEPT = 30 * 86_400.0

_IN_TROUBLE = (Fault.OURS, Fault.SENDER)


class Reception:
    """Takes in the texts and delivery reports of one provider; every method returns only after the COMMIT.

    ``on_work`` is called once an answer is queued, ``on_trouble`` with the fault, and the line that it struck, once
    a report shows that texts from there cannot arrive.
    """

    def __init__(
        self,
        writer: Writer,
        inbox: Inbox,
        provider_name: str,
        clock: Clock,
        on_work: Callable[[], None],
        on_trouble: Callable[[SendError, str], None],
        log: logging.Logger = logging.getLogger("textback.sms"),
        measures: Measures | None = None,
    ) -> None:
        self._texts = (measures or Measures()).texts
        self._writer, self._inbox, self._clock, self._log = writer, inbox, clock, log
        self._provider = provider_name
        self._on_work, self._on_trouble = on_work, on_trouble

    async def take(self, inbound: Inbound, raw: Mapping[str, str] | None = None) -> Received:
        """Take in a text; ``raw`` is what was posted, if it was. One that came before has no effect.

        Raises ``StoreError`` where the daemon stops before it is written.
        """
        now, ids = self._clock(), (str(uuid.uuid4()), str(uuid.uuid4()))
        is_first = raw is None

        def job(conn: Connection) -> Received:
            nonlocal is_first
            if raw is not None and self._keep(conn, "sms", inbound.provider_id, "", raw, now):
                is_first = True  # and still so when the job is run again, because its COMMIT was not heard of
            if not is_first:
                return Received(is_new=False, conversation_id=None, answer=None, practice=None)
            return self._inbox.receive(conn, inbound, now, ids)

        received = await self._writer.run(job)
        if received.is_new:
            self._texts.add(Status.RECEIVED)
            told = "%s: a text from %s in conversation %s"
            self._log.info(told, inbound.provider_id, Masked(inbound.sender), received.conversation_id)
        if received.answer is not None:
            self._on_work()
        return received

    async def deliver(
        self, delivery: Delivery, raw: Mapping[str, str] | None = None, state: str | None = None
    ) -> None:
        """Take in what became of a text; ``raw`` is what was posted, ``state`` the provider's own word for it.

        Raises ``StoreError`` where the daemon stops before it is written.
        """
        now, word = self._clock(), state or delivery.status

        def job(conn: Connection) -> tuple[Applied, str | None]:
            if raw is not None and not self._keep(conn, "status", delivery.provider_id, word, raw, now):
                return Applied.KNOWN, None
            applied = deliveries.apply(conn, _report(delivery), self._provider, now)
            return applied, deliveries.line_of(conn, delivery.provider_id)

        applied, line = await self._writer.run(job)
        if _has_changed(applied):
            self._texts.add(delivery.status)
        self._tell(delivery, applied)
        if delivery.error is not None and delivery.error.kind in _IN_TROUBLE and _has_changed(applied) and line:
            self._on_trouble(delivery.error, line)

    async def note_call(self, provider_id: str, raw: Mapping[str, str]) -> None:
        """Keep what was posted about a call to a line."""
        now = self._clock()
        await self._writer.run(lambda conn: self._keep(conn, "voice", provider_id, "", raw, now))

    async def prune(self, kept: float = KEPT) -> int:
        """Take away what was posted more than so many seconds ago; gives how many posts went."""
        before, gone = self._clock() - kept, 0
        while taken := await self._writer.run(lambda conn: callbacks.prune(conn, before)):
            gone += taken
        return gone

    def _keep(
        self, conn: Connection, kind: str, provider_id: str, state: str, raw: Mapping[str, str], now: float
    ) -> bool:
        return callbacks.keep(conn, self._provider, kind, provider_id, state, raw, now)

    def _tell(self, delivery: Delivery, applied: Applied) -> None:
        if applied is Applied.CONFLICT:
            told = "message %s: the provider has it as %s, too; was it handed over twice?"
            self._log.error(told, delivery.message_id, delivery.provider_id)
        elif delivery.error is not None and _has_changed(applied):
            self._log.warning("%s: %s: %s", delivery.provider_id, delivery.error.kind, delivery.error)
        else:
            self._log.debug("%s: %s (%s)", delivery.provider_id, delivery.status, applied)


def _has_changed(applied: Applied) -> bool:
    return applied in (Applied.CHANGED, Applied.ADOPTED)


def _report(delivery: Delivery) -> Report:
    error = delivery.error
    return Report(
        provider_id=delivery.provider_id,
        status=delivery.status,
        message_id=delivery.message_id,
        reason=_reason(delivery),
        landline=error is not None and error.kind is Fault.LANDLINE,
        opted_out=error is not None and error.kind is Fault.OPTED_OUT,
    )


def _reason(delivery: Delivery) -> str | None:
    if delivery.error is not None:
        return f"{delivery.error.kind}: {delivery.error}"[:255]
    good = delivery.status in (Status.SENT, Status.DELIVERED)
    return None if good else f"{delivery.status}: so says the provider"
