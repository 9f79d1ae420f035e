"""What the process does when it is told to end, or to read its configuration anew."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Self

from textback.cli.faults import FAILED

#: seconds after a signal by which the process is gone, come what may: nothing is only in memory
LAST_MOMENT = 9.5
#: seconds that the last line has to get into a log that may be what hangs
LAST_WORD = 0.3

log = logging.getLogger("textback")


class Signals:
    """``stop`` is set by SIGTERM and SIGINT, of which a second one ends the process at once; ``reload`` by SIGHUP.

    The handlers are Python's own, and a thread counts the seconds, so that an event loop that is stuck is no reason
    to stay. On a terminal, whose end is a SIGHUP, that means stop, too.
    """

    def __init__(self, reloads: bool = False) -> None:
        self.stop, self.reload = asyncio.Event(), asyncio.Event()
        self._reloads = reloads and not (sys.stderr and sys.stderr.isatty())
        self._ends = [signal.SIGTERM, signal.SIGINT, *([] if self._reloads else [signal.SIGHUP])]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None
        self._is_to_reload = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Set the events in the loop that runs; a signal that came before it is not lost."""
        self._loop = asyncio.get_running_loop()
        if self._timer is not None:
            self.stop.set()
        if self._is_to_reload:
            self.reload.set()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number not in self._ends:
            self._is_to_reload = True
            self._set(self.reload)
        elif self._timer is None:
            self._timer = threading.Timer(LAST_MOMENT, _give_up, ["something did not stop in time"])
            self._timer.daemon = True
            self._timer.start()
            self._set(self.stop)
        elif number != signal.SIGHUP:  # a terminal that goes says so more than once, the shell and the kernel each
            _give_up("told a second time to end")

    def _set(self, event: asyncio.Event) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)


def _give_up(why: str) -> None:
    """End now. What is stuck may hold the log's lock, so the last word is said in a thread that nobody waits for."""
    speaking = threading.Thread(target=_say, args=(why,), daemon=True)
    speaking.start()
    speaking.join(LAST_WORD)
    os._exit(FAILED)


def _say(why: str) -> None:
    log.error("%s: ending all the same; the next start takes up what is stored", why)
    for one in logging.getLogger().handlers:
        one.flush()
