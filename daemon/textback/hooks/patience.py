"""How long the hooks wait, for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """All in seconds. ``ask`` and ``text`` are for the desk: a caller waits meanwhile and hears nothing."""

    ask: float = 0.15
    text: float = 2.0
    #: until a connection has said what it wants
    header: float = 5.0
    #: for a command that plays nothing; answering a call takes Asterisk half a second
    command: float = 5.0
    #: beyond what a prompt may wait for keys; the longest prompt that makes sense
    playing: float = 120.0
    #: until the other side has closed, too
    goodbye: float = 1.0
