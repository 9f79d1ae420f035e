"""How a record looks: one line of text, or one JSON object, in which numbers are masked and nothing begins a line."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from textback import numbers
from textback.logs.others import is_ours, words_of
from textback.logs.traces import trace_of


class _Lines(logging.Formatter):
    def __init__(self, log_numbers: bool) -> None:
        super().__init__()
        self._log_numbers = log_numbers

    def _message(self, record: logging.LogRecord) -> str:
        if not is_ours(record):
            return self._masked(words_of(record))
        if self._log_numbers and isinstance(record.args, tuple):
            whole = [arg.number or "withheld" if isinstance(arg, numbers.Masked) else arg for arg in record.args]
            return str(record.msg) % tuple(whole) if whole else str(record.msg)
        return self._masked(record.getMessage())

    def _trouble(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return self._masked(trace_of(error)) if error is not None else ""

    def _masked(self, text: str) -> str:
        return text if self._log_numbers else numbers.masked(text)


class TextLines(_Lines):
    """``2026-11-21T20:00:00.123Z INFO calls: …``; what a stranger may have written cannot begin a line."""

    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix("textback.")
        line = f"{_instant(record)} {record.levelname} {name}: {_printable(self._message(record))}"
        trouble = [f"  {_printable(one)}" for one in self._trouble(record).splitlines()]
        return "\n".join([line, *trouble])


class JsonLines(_Lines):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, and ``exception`` if there is one.

    A decision has ``call``, ``verdict`` and ``reason`` besides (``extra={"told": …}``).
    """

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
        }
        trouble = self._trouble(record)
        return json.dumps(told | getattr(record, "told", {}) | ({"exception": trouble} if trouble else {}))


def _instant(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, timezone.utc)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
