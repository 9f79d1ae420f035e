"""Whether a practice file knows of what the page changed since: an export says which version it shows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from textback.store.practices import PracticeRow

LONGEST_MARKER = 2000  # characters
_MARKER = re.compile(r'\ufeff?# textback practice ("(?:[^"\\]|\\.)*"), version ([0-9]{1,9})\s*')


@dataclass(frozen=True, slots=True)
class Origin:
    """The export that a file was made from."""

    name: str
    version: int


def marker(row: PracticeRow) -> str:
    """The first line of an export."""
    return f"# textback practice {json.dumps(row.name)}, version {row.version}"


def origin_of(file: Path) -> Origin | None:
    """What the first line of ``file`` says; None for a file that is no export. Raises ``OSError``."""
    with open(file, encoding="utf-8", errors="replace") as lines:
        found = _MARKER.fullmatch(lines.readline(LONGEST_MARKER))
    return Origin(json.loads(found[1]), int(found[2])) if found else None
