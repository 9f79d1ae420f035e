"""The files of a PBX's record: rotated and compressed siblings in order, read line by line from the right place on.

A place is found by bisecting on the time that a line tells, so that a file of 5 GB costs a few dozen reads.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from textback.pbx.errors import RecordsError

#: the time of a line in epoch seconds; None if it tells none
Stamp = Callable[[str], float | None]
#: hears of bytes that were read, as they lie on the disk
Progress = Callable[[int], None]

#: seconds; lines are in order but for a clock that was set back
DISORDER = 7200.0
LONGEST = 65536  # bytes of a line
_BLOCK = 1 << 20
_REACH = 1 << 16
_SUFFIX = re.compile(r"([.-]\d[\d-]*)?(\.gz|\.bz2|\.xz)?")
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)


class _Source(Protocol):
    """What bytes are read from: a file, or what an archive holds."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, none at the end."""


_OPENERS: dict[str, Callable[[BinaryIO], _Source]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": lambda raw: bz2.BZ2File(raw),
    ".xz": lambda raw: lzma.LZMAFile(raw),
}


def nothing(count: int) -> None:
    """Nobody watches."""


def siblings(path: Path, since: float, stamp: Stamp) -> list[Path]:
    """The files of a record that may tell of ``since`` (epoch seconds) or later, oldest first.

    They are put in order by the first time that each tells, whatever logrotate calls them. Raises ``RecordsError``
    if there is none.
    """
    found: dict[str, Path] = {}
    for file in sorted(path.parent.glob(f"{glob_escape(path.name)}*")):
        suffix = _SUFFIX.fullmatch(file.name.removeprefix(path.name))
        if suffix and file.is_file():
            found.setdefault(suffix[1] or "", file)  # half-way through its compression a file is there twice
    if not found:
        raise RecordsError(f"{path}: there is no such file")
    dated = sorted((at, file) for file in found.values() if (at := _first(file, stamp)) is not None)
    later = [at for at, _ in dated[1:]] + [float("inf")]
    return [file for (_, file), ends in zip(dated, later, strict=False) if ends >= since - DISORDER]


def glob_escape(name: str) -> str:
    """``name`` without a meaning of its own in a glob pattern."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def size(files: list[Path]) -> int:
    """How many bytes that is on the disk."""
    return sum(file.stat().st_size for file in files)


def lines(file: Path, since: float, stamp: Stamp, on_bytes: Progress = nothing) -> Iterator[str]:
    """The lines of one file from ``since`` on, without their ends; some earlier ones may come first.

    What is no UTF-8 is replaced, a line of more than ``LONGEST`` bytes becomes a ``?``.
    """
    with open(file, "rb") as raw:
        if file.suffix in _OPENERS:
            yield from _lines(_OPENERS[file.suffix](raw), raw, on_bytes)
            return
        place = _place(raw, os.fstat(raw.fileno()).st_size, since - DISORDER, stamp)
        on_bytes(place)
        raw.seek(place)
        yield from _lines(raw, raw, on_bytes)


def _lines(source: _Source, raw: BinaryIO, on_bytes: Progress) -> Iterator[str]:
    rest, before = b"", raw.tell()
    while block := _read(source):
        on_bytes(raw.tell() - before)
        before = raw.tell()
        *whole, rest = (rest + block).split(b"\n")
        if whole:
            yield from b"\n".join(whole).decode("utf-8", "replace").split("\n")
        rest = rest.lstrip(b"\0")  # what a crash leaves in a file that was being written
        rest = b"?" if len(rest) > LONGEST else rest
    if rest:
        yield rest.decode("utf-8", "replace")


def _read(source: _Source) -> bytes:
    try:
        return source.read(_BLOCK)
    except _BROKEN:
        return b""


def _first(file: Path, stamp: Stamp) -> float | None:
    with open(file, "rb") as raw:
        source: _Source = _OPENERS[file.suffix](raw) if file.suffix in _OPENERS else raw
        try:
            return _stamp_in(source.read(_REACH).split(b"\n"), stamp)
        except _BROKEN:
            return None


def _place(raw: BinaryIO, end: int, target: float, stamp: Stamp) -> int:
    """Where to begin so that no line of ``target`` or later is missed: the start of a line."""
    low, high = 0, end
    while high - low > _REACH:
        middle = (low + high) // 2
        raw.seek(middle)
        at = _stamp_in(raw.read(_REACH).split(b"\n")[1:-1], stamp)
        if at is not None and at < target:
            low = middle
        else:
            high = middle
    raw.seek(low)
    return low + len(raw.readline(LONGEST)) if low else 0


def _stamp_in(raw_lines: list[bytes], stamp: Stamp) -> float | None:
    found = (stamp(line.decode("utf-8", "replace")) for line in raw_lines)
    return next((at for at in found if at is not None), None)
