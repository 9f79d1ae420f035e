"""For which PBXes one of several daemons may write: those whose lease it has, made sure of in each transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from textback.store import leases
from textback.store.leases import Lease


class Fence:
    """The leases of the daemon ``name``; without a name it is alone, and writes for every PBX."""

    def __init__(self, name: str | None) -> None:
        self.is_alone = name is None
        self._name = name or ""
        #: the PBXes that this daemon writes for, each with the term of its lease
        self._terms: dict[str, int] = {}
        #: those of them that nobody else can take before the transaction in hand ends
        self._sure: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """The PBXes whose lease this daemon has, as far as it knows; from any thread."""
        return frozenset(self._terms)

    def holds(self, pbx: str) -> bool:
        return self.is_alone or pbx in self._terms

    def begin(self) -> None:
        """A transaction begins: anybody may have taken a lease since the last one."""
        self._sure = set()

    def keep(self, connection: Connection, pbxes: Iterable[str]) -> set[str]:
        """Make sure of the leases of these PBXes until the transaction ends; gives those that somebody else took."""
        asked = {pbx: self._terms[pbx] for pbx in pbxes if pbx in self._terms and pbx not in self._sure}
        kept = leases.keep(connection, self._name, asked)
        self._sure |= kept
        return asked.keys() - kept

    def take(self, connection: Connection, seen: Lease) -> bool:
        """Take the lease of a PBX, if it still is as ``seen``."""
        term = leases.take(connection, seen, self._name)
        if term is None:
            return False
        self._terms[seen.pbx] = term
        self._sure.add(seen.pbx)
        return True

    def forget(self, pbx: str) -> None:
        self._terms.pop(pbx, None)

    def give_back(self, connection: Connection, pbxes: Iterable[str]) -> None:
        """Whoever wants may write for these PBXes at once; they are not forgotten, since the COMMIT may fail."""
        leases.give_back(connection, self._name, {pbx: self._terms[pbx] for pbx in pbxes if pbx in self._terms})
