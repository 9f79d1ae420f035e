"""What a daemon keeps of the PBXes that it writes for, from one transaction to the next: calls, deadlines, leases."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from textback.deadlines import Deadlines, LinkState
from textback.fence import Fence
from textback.open_calls import OpenCalls


class Holding:
    """The open calls of ``pbxes``; with a ``name`` the daemon is one of several, and has leases (see ``Fence``)."""

    def __init__(self, pbxes: Iterable[str], name: str | None) -> None:
        self.pbxes = tuple(pbxes)
        self.fence = Fence(name)
        self.deadlines = Deadlines(self.pbxes)
        self.calls = OpenCalls(self.deadlines)
        #: which hearing of each link goes on
        self.streams = dict.fromkeys(self.pbxes, 1)
        #: until when it is noted that each PBX was followed (epoch seconds)
        self.noted: dict[str, float] = {}
        self._links_before: LinkState = dict(self.deadlines.links)
        self._job: object = None

    def follow(self, pbx: str) -> None:
        """Take in one more PBX; once is enough."""
        self.pbxes = tuple(dict.fromkeys((*self.pbxes, pbx)))
        self.streams.setdefault(pbx, 1)
        self.deadlines.follow(pbx)

    def begin(self, job: object) -> None:
        """Start a job; the same one again means that its transaction failed, and it starts from before."""
        again = job is self._job
        self.calls.begin(again)
        if again:
            self.deadlines.links = dict(self._links_before)
            self.noted.clear()
        self.fence.begin()
        self._job = job
        self._links_before = dict(self.deadlines.links)

    def keep_leases(self, connection: Connection, pbxes: set[str]) -> None:
        """Nothing is written for a PBX that somebody else writes for: that daemon has what this one knows, too."""
        for pbx in self.fence.keep(connection, pbxes):
            self.forget(pbx)

    def forget(self, pbx: str) -> None:
        """The calls of that PBX are somebody else's now."""
        self.fence.forget(pbx)
        self.calls.forget(pbx)
