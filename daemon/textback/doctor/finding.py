"""What the doctor says of one thing: whether it is as it must be, and if not, the exact lines that mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: the "file" of lines that are commands
SHELL = "shell"


class Status(StrEnum):
    """``skipped``: it could not be looked at; the message says what would let it."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` is the name of what was looked at, ``message`` one sentence.

    ``lines`` are to be added at the end of ``file`` ("shell": to be run), or to take the place of the lines
    ``replaces`` in it. None of it ever holds a secret.
    """

    check: str
    status: Status
    message: str
    lines: tuple[str, ...] = ()
    file: str | None = None
    replaces: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """What ``--json`` prints of it."""
        row: dict[str, Any] = {"check": self.check, "status": str(self.status), "message": self.message}
        row |= {"lines": list(self.lines), "file": self.file}
        return row | ({"replaces": list(self.replaces)} if self.replaces else {})


def ok(check: str, message: str) -> Finding:
    """As it must be."""
    return Finding(check, Status.OK, message)


def skipped(check: str, message: str) -> Finding:
    """Not looked at."""
    return Finding(check, Status.SKIPPED, message)


def warning(
    check: str, message: str, lines: tuple[str, ...] = (), file: str | None = None, replaces: tuple[str, ...] = ()
) -> Finding:
    """It works, and is hardly meant, or costs something."""
    return Finding(check, Status.WARNING, message, lines, file, replaces)


def failed(
    check: str, message: str, lines: tuple[str, ...] = (), file: str | None = None, replaces: tuple[str, ...] = ()
) -> Finding:
    """It does not work."""
    return Finding(check, Status.FAILED, message, lines, file, replaces)
