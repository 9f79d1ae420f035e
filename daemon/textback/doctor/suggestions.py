"""What a new configuration wants to know of a PBX, of either kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Names as textback.toml and practice files take them; DIDs as they stand in the dialplan."""

    trunks: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    dids: tuple[str, ...] = ()
