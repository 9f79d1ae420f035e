"""FreeSWITCH's call detail records as mod_json_cdr writes them: a folder with one file for each leg."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from textback.pbx.errors import RecordsError
from textback.pbx.records import rotated
from textback.pbx.records.json_document import LARGEST, leg_of
from textback.pbx.records.json_leg import JsonLeg

log = logging.getLogger(__name__)

_NAME = ".cdr.json"
#: seconds by which a file's own time and the end of its call may differ: mod_json_cdr writes it when the leg is gone
_SLACK = 600.0


class JsonCdr:
    """Reads one folder; ``faults`` counts what could not be used, by kind, and each kind is logged once."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.faults: Counter[str] = Counter()

    def size(self, since: float = 0.0) -> int | None:
        """How many bytes ``read`` goes through. Raises ``RecordsError``."""
        return sum(size for _, size, _ in self._files(since))

    def read(self, since: float = 0.0, on_bytes: rotated.Progress = rotated.nothing) -> Iterator[JsonLeg]:
        """The legs that ended at ``since`` (epoch seconds) or later, in the order of their files.

        Raises ``RecordsError`` if there is no such folder, ``OSError`` if it cannot be read.
        """
        for _, size, path in self._files(since):
            leg = self._leg(path, size)
            on_bytes(size)
            if leg is not None and leg.ended >= since:
                yield leg

    def _files(self, since: float) -> list[tuple[float, int, str]]:
        """Time, size and path of each file that may matter, the oldest first."""
        if not self.folder.is_dir():
            what = "is a file: of a FreeSWITCH it is the log-dir of json_cdr.conf.xml" if self.folder.exists() else ""
            raise RecordsError(f"{self.folder} {what or 'is not there'}")
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(_NAME) and entry.is_file():
                    told = entry.stat()
                    if told.st_mtime >= since - _SLACK:
                        found.append((told.st_mtime, told.st_size, entry.path))
        return sorted(found)

    def _leg(self, path: str, size: int) -> JsonLeg | None:
        if size > LARGEST:
            self._fault("too long")
            return None
        try:
            with open(path, "rb") as file:
                return leg_of(json.loads(file.read()))
        except FileNotFoundError:
            return None  # somebody tidies up
        except (ValueError, RecursionError):
            self._fault("torn")
            return None

    def _fault(self, kind: str) -> None:
        """Passes over a file; what stands in it may be a person's number, and is not told."""
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            log.warning("%s: a file is passed over (%s)", self.folder, kind)
