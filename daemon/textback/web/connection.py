"""A visitor's connection: uvicorn's own, with an end to its patience, and room for the next one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds that a visitor has to say what it wants, and then to take the answer.
PATIENCE = 5.0
#: Connections at once; well below the 1024 files that a process may usually open.
MOST = 256


class Connection(H11Protocol):
    """HTTP/1.1 for one visitor who says what it wants in ``patience`` seconds, one of at most ``most``.

    A long answer takes as long as it takes, while some of it (65 kB) is read in each ``patience``.

    uvicorn waits for ever for the end of a request's head, and for a visitor who does not read its answer. Where
    there are too many, the one that has been silent longest goes: the silent cannot keep out those who speak.
    """

    def __init__(self, *args: Any, patience: float = PATIENCE, most: int = MOST, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience, self._most = patience, most
        self._timer: asyncio.TimerHandle | None = None
        self._takes = False
        self.since = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether a request is in hand."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for it, if need be, and begin to wait."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._wait(self._patience)
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Once the head is whole, the app has its own patience with the body."""
        was_busy = self.is_busy
        super().data_received(data)
        if self.is_busy and not was_busy:
            self._wait(self._patience)

    def on_response_complete(self) -> None:
        """The next request is waited for twice as long: uvicorn ends a connection that stays idle before that."""
        super().on_response_complete()
        self.since = self.loop.time()
        self._wait(self._patience if self.is_busy else 2 * self._patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The visitor has taken most of what was there."""
        super().resume_writing()
        self._takes = True

    def abort(self) -> None:
        """End it at once; what was not read yet is lost."""
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        takes, self._takes = self._takes, False
        if not self.is_busy or self.transport.get_write_buffer_size() and not takes:
            self.abort()
        else:
            self._wait(self._patience)

    def _make_room(self) -> None:
        there = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        silent = [one for one in there if not one.is_busy]
        if len(there) > self._most and silent:
            min(silent, key=lambda one: one.since).abort()
