"""How the doctor looks at a PBX, of whichever kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textback.clock import Clock, system_clock


@dataclass(frozen=True, slots=True)
class Visit:
    """``files``: the PBX's folder of configuration, or a copy, where it is not the usual one on this computer.

    ``sounds``: its folder of prompts; ``listen``: seconds to wait for events, and ``on_listening`` is told the name of
    the PBX when they begin; ``address``: at which IP address the PBX sees this computer, where it is another one.
    """

    files: Path | None = None
    sounds: Path | None = None
    listen: float = 0.0
    address: str | None = None
    clock: Clock = system_clock
    on_listening: Callable[[str], object] = lambda pbx: None
