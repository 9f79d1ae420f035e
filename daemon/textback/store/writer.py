"""The one thread that writes: what waits is committed together, in order, until the database takes it."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from textback.clock import Clock, system_clock
from textback.store.engine import StoreError, reopen
from textback.store.faults import describe, is_fault

T = TypeVar("T")
Job = Callable[[Connection], T]

GROUP = 256
FIRST_DELAY = 0.1
LONGEST_DELAY = 5.0
#: How long ``stop`` waits for a statement that hangs, once it has given up on the rest.
GRACE = 1.0


class _Entry(NamedTuple):
    job: Job[Any]
    future: Future[Any]


class Writer:
    """Runs jobs in its thread, each of them in a transaction that it shares with those that waited beside it.

    A job may be run more than once (its group was rolled back, or a COMMIT was lost on its way): what it does
    outside the database, and every id it makes up, must be made before it is submitted. ``pause`` waits for
    an event, at most so many seconds; tests pass their own.
    """

    def __init__(
        self,
        engine: Engine,
        log: logging.Logger,
        *,
        clock: Clock = system_clock,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failing_since: float | None = None
        #: since when the group in hand is written, if one is: a database that hangs fails at nothing
        self.busy_since: float | None = None
        #: called in the writer's thread after every COMMIT; it must not take long, nor fail
        self.on_commit: Callable[[], None] = lambda: None
        self._engine = engine
        self._log = log
        self._clock = clock
        self._pause = pause
        self._monotonic = monotonic
        #: since when the thread waits for the database itself (monotonic seconds); None while it does not
        self._asking_since: float | None = None
        self._waiting: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._in_hand: list[_Entry] = []
        #: jobs that were not written in the end, whichever thread gave up on them
        self._dropped = 0
        self._door = threading.Lock()
        self._stopping = threading.Event()
        self._gave_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="textback-writer", daemon=True)

    @property
    def backlog(self) -> int:
        """How many jobs wait, the group in hand not counted."""
        return self._waiting.qsize()

    def still_for(self, now: float) -> float:
        """Seconds at ``now`` (monotonic) for which the thread has not turned.

        One that waits before it tries again turns; one that never comes back from a call does not, nor a dead one.
        """
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return float("inf")
        since = self._asking_since
        return 0.0 if since is None else now - since

    def start(self) -> None:
        """Start the thread; jobs may be submitted before."""
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Queue a job; its future gives what it returned, but only after the COMMIT.

        Raises ``StoreError`` once the writer stops. The future cannot be cancelled: the job runs all the same.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._door:
            if self._stopping.is_set():
                raise StoreError("the daemon is stopping and takes no more work", temporary=True)
            self._waiting.put(_Entry(job, future))
        return future

    async def run(self, job: Job[T]) -> T:
        """The same for asynchronous code."""
        return await asyncio.wrap_future(self.submit(job))

    def stop(self, timeout: float = 5.0) -> bool:
        """Write what waits and end the thread; gives True if the database took all of it in ``timeout`` seconds.

        The futures of the rest get a temporary ``StoreError``.
        """
        before = self._dropped
        with self._door:
            self._stopping.set()
            self._waiting.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout)
            self._gave_up.set()
            self._thread.join(GRACE)
        self._drop(self._in_hand + self._drain())
        return self._dropped == before

    def _run(self) -> None:
        while not self._gave_up.is_set():
            self._in_hand = self._next_group()
            if not self._in_hand:
                return
            self.busy_since = self._clock()
            self._write(self._in_hand)
            self.busy_since = None

    def _next_group(self) -> list[_Entry]:
        """What waits, in order; empty when the writer is to end."""
        group: list[_Entry] = []
        with suppress(queue.Empty):
            while len(group) < GROUP:
                entry = self._waiting.get(block=not group)
                if entry is None:
                    self._waiting.put(None)  # the end is for the next round
                    break
                group.append(entry)
        return group

    def _write(self, group: list[_Entry]) -> None:
        """Commit a group, however long it takes; a job that is itself at fault is put apart from the others."""
        delay = FIRST_DELAY
        while True:
            try:
                results = self._commit(group)
            except Exception as error:
                if not is_fault(error):
                    return self._isolate(group, error)
                if not self._wait_out(error, delay):
                    self._drop(group)
                    return
                delay = min(2 * delay, LONGEST_DELAY)
            else:
                self._note_success()
                _resolve(group, results)
                return self.on_commit()

    def _commit(self, group: list[_Entry]) -> list[Any]:
        self._asking_since = self._monotonic()
        try:
            with self._engine.begin() as connection:
                return [entry.job(connection) for entry in group]
        finally:
            self._asking_since = None

    def _isolate(self, group: list[_Entry], error: Exception) -> None:
        if len(group) == 1:
            with suppress(InvalidStateError):
                group[0].future.set_exception(error)
            return
        for entry in group:
            self._write([entry])

    def _wait_out(self, error: Exception, delay: float) -> bool:
        """Wait before the next attempt; False if there is to be none."""
        if self.failing_since is None:
            self.failing_since = self._clock()
            self._log.error("the database does not take what is written: %s; trying again", describe(error))
        reopen(self._engine)
        ending = self._gave_up if self._stopping.is_set() else self._stopping
        self._pause(ending, delay)
        return not self._gave_up.is_set()

    def _note_success(self) -> None:
        if self.failing_since is not None:
            lasted = self._clock() - self.failing_since
            self.failing_since = None
            self._log.warning("the database is back after %.1f s; nothing was lost", lasted)

    def _drain(self) -> list[_Entry]:
        rest: list[_Entry] = []
        with suppress(queue.Empty):
            while True:
                entry = self._waiting.get_nowait()
                if entry is not None:
                    rest.append(entry)
        return rest

    def _drop(self, entries: list[_Entry]) -> None:
        """Tell those who wait that nothing was written."""
        for entry in entries:
            with suppress(InvalidStateError):
                entry.future.set_exception(StoreError("the database did not take it in time", temporary=True))
                self._dropped += 1


def _resolve(group: list[_Entry], results: list[Any]) -> None:
    for entry, result in zip(group, results, strict=True):
        with suppress(InvalidStateError):  # stop() has given up on a statement that hung, and said so
            entry.future.set_result(result)
