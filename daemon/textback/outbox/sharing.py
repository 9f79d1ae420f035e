"""The pace of an account that several daemons send from: what the others hand over slows this one down, too."""

from __future__ import annotations

from sqlalchemy import Connection

from textback.store import paces


class Share:
    """This sender's view of what all of them have claimed; nobody's clock is compared with anybody else's.

    What the others have claimed since the last look counts as claimed right now: so all of them together never go
    faster than one alone may. ``look`` and ``spend`` are called in one transaction.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self._seen: int | None = None

    def look(self, conn: Connection, has_company: bool) -> int | None:
        """Segments that others have claimed since this sender looked last; None if another one claims just now.

        ``has_company``: whether there are others, who may have claimed something before the first look.
        """
        claimed = paces.claimed(conn, self.account)
        if claimed is None:
            return None
        before, self._seen = self._seen, claimed
        if before is None:
            return int(has_company)
        return max(claimed - before, 0)

    def spend(self, conn: Connection, segments: int) -> None:
        """So many segments are this sender's own."""
        paces.claim(conn, self.account, segments)
        self._seen = (self._seen or 0) + segments
