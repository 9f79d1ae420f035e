"""Lines and rows as Asterisk writes them, and the files in which it does."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: 2026-11-21T20:00:00Z
T0 = 1795291200
CALLER = "12025550143"
TRUNK = "PJSIP/trunk-00000001"


def line(at: float, call: str, verb: str, *data: object, queue: str = "support", agent: str = "NONE") -> str:
    """A line of queue_log, ``at`` seconds after T0."""
    return "|".join(map(str, (T0 + int(at), call, queue, agent, verb, *data)))


def call(number: int, at: float = 0) -> str:
    """A Uniqueid of a channel that was made ``at`` seconds after T0."""
    return f"{T0 + int(at)}.{number}"


def wall(at: float, hours: float = 0) -> str:
    """A time as cdr_csv writes it, in a zone so many hours from UTC."""
    moment = datetime.fromtimestamp(T0 + at, UTC) + timedelta(hours=hours)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def row(
    uniqueid: str,
    start: float,
    end: float,
    *,
    answer: float | None = None,
    src: str = CALLER,
    dst: str = "15551230100",
    context: str = "from-trunk",
    clid: str | None = None,
    channel: str = TRUNK,
    dstchannel: str = "",
    app: str = "Queue",
    data: str = "support,t",
    disposition: str = "ANSWERED",
    linkedid: str | None = None,
    hours: float = 0,
    userfield: str = "",
) -> str:
    """A row of Master.csv with all optional columns; times in seconds after T0."""
    words = ["", src, dst, context, clid or f'"" <{src}>', channel, dstchannel, app, data]
    words += [wall(start, hours), "" if answer is None else wall(answer, hours), wall(end, hours)]
    more = [disposition, "DOCUMENTATION", uniqueid, userfield, "", uniqueid if linkedid is None else linkedid]
    fields = [*map(quoted, words), str(int(end - start)), "0", *map(quoted, more), "1"]
    return ",".join(fields)


def quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def write(path: Path, *lines: str) -> Path:
    """A file of lines, compressed if its name says so."""
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
