"""How the daemon's log looks: text or JSON lines on stderr, one line a record, numbers masked."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime, timezone
from typing import IO

from textback import numbers
from textback.config import Log

_E164 = re.compile(r"\+[0-9]{7,15}\b")


def set_up(settings: Log, stream: IO[str] | None = None) -> None:
    """Send the log of this process to ``stream`` (stderr); other people's code speaks only of trouble."""
    handler = logging.StreamHandler(stream or sys.stderr)
    kind = JsonLines if settings.format == "json" else TextLines
    handler.setFormatter(kind(settings.log_numbers))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("textback").setLevel(settings.level.upper())
    logging.captureWarnings(True)


class _Lines(logging.Formatter):
    def __init__(self, log_numbers: bool) -> None:
        super().__init__()
        self._log_numbers = log_numbers

    def _message(self, record: logging.LogRecord) -> str:
        if self._log_numbers and isinstance(record.args, tuple):
            whole = [arg.number or "withheld" if isinstance(arg, numbers.Masked) else arg for arg in record.args]
            return str(record.msg) % tuple(whole) if whole else str(record.msg)
        return record.getMessage() if self._log_numbers else self._masked(record.getMessage())

    def _trouble(self, record: logging.LogRecord) -> str:
        if not record.exc_info or record.exc_info[0] is None:
            return ""
        text = self.formatException(record.exc_info)
        return text if self._log_numbers else self._masked(text)

    @staticmethod
    def _masked(text: str) -> str:
        return _E164.sub(lambda found: numbers.mask(found[0]), text)


class TextLines(_Lines):
    """``2026-11-21T20:00:00.123Z INFO calls: …``; what a stranger may have written cannot begin a line."""

    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix("textback.")
        line = f"{_instant(record)} {record.levelname} {name}: {_printable(self._message(record))}"
        trouble = self._trouble(record)
        return f"{line}\n{trouble}" if trouble else line


class JsonLines(_Lines):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, and ``exception`` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
        }
        trouble = self._trouble(record)
        return json.dumps(told | ({"exception": trouble} if trouble else {}))


def _instant(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
