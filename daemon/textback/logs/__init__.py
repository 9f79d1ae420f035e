"""The log of the process: text or JSON lines on stderr, one a record, and nobody's number, text or secret in them."""

from __future__ import annotations

import logging
import sys
from typing import IO

from textback.config import Log
from textback.logs.lines import JsonLines, TextLines
from textback.logs.outlet import Outlet
from textback.logs.strays import catch_strays, watch_loop

__all__ = ["catch_strays", "lost", "set_up", "watch_loop"]


def set_up(settings: Log, stream: IO[str] | None = None) -> Outlet:
    """Send the log of this process to ``stream`` (stderr); other people's code speaks only of trouble."""
    outlet = Outlet(sys.stderr if stream is None else stream)
    kind = JsonLines if settings.format == "json" else TextLines
    outlet.setFormatter(kind(settings.log_numbers))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        if isinstance(old, Outlet):
            old.close()
    root.addHandler(outlet)
    root.setLevel(logging.WARNING)
    logging.getLogger("textback").setLevel(settings.level.upper())
    logging.captureWarnings(True)
    return outlet


def lost() -> int:
    """How many lines of the log could not be written since the start."""
    return sum(one.lost for one in logging.getLogger().handlers if isinstance(one, Outlet))
