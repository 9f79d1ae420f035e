"""FreeSWITCH's call detail records as mod_json_cdr writes them: a folder with one file for each leg."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from textback.pbx.errors import RecordsError
from textback.pbx.records import rotated
from textback.pbx.records.json_leg import JsonLeg, Step

log = logging.getLogger(__name__)

_NAME = ".cdr.json"
#: bytes; the largest of real calls have 60 kB
LARGEST = 4_000_000
#: seconds by which a file's own time and the end of its call may differ: mod_json_cdr writes it when the leg is gone
_SLACK = 600.0
_MICRO = 1_000_000


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
                return _read(json.loads(file.read()))
        except FileNotFoundError:
            return None  # somebody tidies up
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            self._fault("torn")
            return None

    def _fault(self, kind: str) -> None:
        """Passes over a file; what stands in it may be a person's number, and is not told."""
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            log.warning("%s: a file is passed over (%s)", self.folder, kind)


def _read(document: Mapping[str, Any]) -> JsonLeg:
    """The leg in one file; raises what a document of another shape makes it raise."""
    variables = document["variables"]
    profiles = [entry["caller_profile"] for entry in document["callflow"]]
    times = [entry["times"] for entry in document["callflow"]]
    first = profiles[-1]  # the newest comes first; later ones have what a transfer made of number and destination
    applications = (document.get("app_log") or {}).get("applications") or ()
    told = Variables(variables)
    return JsonLeg(
        uuid=str(first["uuid"] or told["uuid"]),
        is_inbound=document["channel_data"]["direction"] == "inbound",
        channel=str(first["chan_name"]),
        context=str(first.get("context") or ""),
        number=first.get("ani") or first.get("caller_id_number") or None,
        name=first.get("caller_id_name") or None,
        did=told["sip_req_user"] or first.get("destination_number") or None,
        withheld=str(first.get("privacy_hide_number") or told["privacy_hide_number"]).lower() in ("true", "yes", "1"),
        started=int(times[-1]["created_time"]) / _MICRO,
        ended=int(told["end_uepoch"] or times[0]["hangup_time"]) / _MICRO,
        steps=tuple(map(_step, applications)),
        bridges=_talks(times),
        variables=told,
    )


def _talks(times: Sequence[Mapping[str, str]]) -> tuple[float, ...]:
    """When it was connected with somebody: a leg that nobody answered was bridged with early media only."""
    if not any(int(one["answered_time"]) for one in times):
        return ()
    return tuple(sorted({int(one["bridged_time"]) / _MICRO for one in times if int(one["bridged_time"])}))


class Variables(dict[str, str]):
    """Channel variables as they were before mod_json_cdr encoded them (encode-values, by default); '' if not set."""

    def __init__(self, encoded: Mapping[str, Any]) -> None:
        super().__init__({name: unquote(value) for name, value in encoded.items() if isinstance(value, str)})

    def __missing__(self, name: str) -> str:
        return ""


def _step(application: Mapping[str, Any]) -> Step:
    name, data = str(application["app_name"]), str(application.get("app_data") or "")
    return Step(name, data, int(application["app_stamp"]) / _MICRO)
