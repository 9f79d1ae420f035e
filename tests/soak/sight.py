"""Whether a daemon follows a PBX: seen from outside, by what passes between them."""

from __future__ import annotations

import asyncio
import time

from tests.soak.spans import Spans

#: seconds that a connection lasts after the last of the lists was asked for before it counts as up
LISTED = 1.0


class Sight:
    """One daemon, one PBX. ``blind``: when the daemon did not follow it; ``noticed``: how long it took, in seconds,
    until a line that had gone dead without a word was given up.
    """

    def __init__(self) -> None:
        self.blind = Spans()
        self.blind.open(time.time())
        self.noticed: list[float] = []
        self.logins = 0
        self._line: object = None
        self._login: float | None = None
        self._has_asked = False
        self._up: asyncio.TimerHandle | None = None
        self._dead_since: float | None = None
        self._stalls_since: float | None = None

    @property
    def is_up(self) -> bool:
        """Whether it follows now."""
        return self.blind.since is None

    # -- what the wire tells ----------------------------------------------------------------------------

    def connected(self, line: object) -> None:
        self._line, self._login, self._has_asked = line, None, False
        if self._stalls_since is not None:
            self._stalls_since = time.time()

    def asked(self, line: object, data: bytes) -> None:
        if line is not self._line:
            return
        if b"Action: Login" in data:
            self._login = time.time()
            self.logins += 1
        if b"QueueStatus" in data:
            self._has_asked = True
            self._look_soon()

    def lost(self, line: object) -> None:
        if line is not self._line:
            return
        now = time.time()
        if self._dead_since is not None:
            self.noticed.append(now - self._dead_since)
        self._dead_since = self._line = self._login = None
        self._look_no_more()
        self.blind.open(now)

    def _look_soon(self) -> None:
        if not self.is_up and self._login is not None and self._has_asked and self._up is None:
            self._up = asyncio.get_running_loop().call_later(LISTED, self._follows)

    def _look_no_more(self) -> None:
        if self._up is not None:
            self._up.cancel()
            self._up = None

    def _follows(self) -> None:
        self._up = None
        if self._login is not None and self._stalls_since is None:
            self.blind.close(self._login)

    # -- what the harness knows -------------------------------------------------------------------------

    def goes_dead(self) -> None:
        """Nothing passes any more."""
        self._stalls_since = time.time()
        self._look_no_more()
        if self.is_up:
            self._dead_since = self._stalls_since
            self.blind.open(self._dead_since)

    def lives_again(self, late: Spans) -> None:
        """Everything passes again: if it is still the same line, what was held comes only late."""
        if self._line is not None and self._stalls_since is not None:
            late.add(self._stalls_since, time.time())
            if self._dead_since is not None:
                self.blind.forget()
        self._dead_since = self._stalls_since = None
        self._look_soon()

    def died(self, durable_until: float) -> None:
        """The daemon was killed: what it had not written by then is as if it had not been seen."""
        if self.blind.since is None:
            self.blind.open(durable_until)
        else:
            self.blind.widen(min(self.blind.since, durable_until))
