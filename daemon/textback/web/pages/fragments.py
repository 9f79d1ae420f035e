"""The parts of a page that change while somebody looks at it: each by a key, so that only what changed is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Fragment(NamedTuple):
    """A row, a tile or a message as HTML; ``section``: the list of the page that it stands in, if there are several."""

    key: str
    html: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that changes of a page, in its order, and how many tiles have something unread."""

    fragments: tuple[Fragment, ...]
    unread: int

    @property
    def digest(self) -> str:
        """Differs as soon as anything of the page does."""
        told = hashlib.sha256()
        for part in self.fragments:
            told.update(f"{part.key}\0{part.section}\0{part.html}\0".encode())
        return told.hexdigest()[:16]


def changed(before: Snapshot | None, now: Snapshot) -> list[dict[str, str | None]]:
    """What a page that shows ``before`` must put in place, each after which other one."""
    known = {part.key: part for part in before.fragments} if before is not None else {}
    put: list[dict[str, str | None]] = []
    above: dict[str, str | None] = {}
    for part in now.fragments:
        if known.get(part.key) != part:
            after = above.get(part.section)
            put.append({"key": part.key, "html": part.html, "section": part.section, "after": after})
        above[part.section] = part.key
    return put


def joined(parts: Iterable[Fragment], section: str = "") -> str:
    """The HTML of a list."""
    return "\n".join(part.html for part in parts if part.section == section)
