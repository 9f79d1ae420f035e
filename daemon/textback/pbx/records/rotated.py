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
from io import FileIO
from pathlib import Path

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


#: reads up to so many bytes, none at the end
_Reader = Callable[[int], bytes]
#: an archive that breaks off is read up to there, hence ``read1``
_OPENERS: dict[str, Callable[[FileIO], _Reader]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw).read1,
    ".bz2": lambda raw: bz2.BZ2File(raw).read1,
    ".xz": lambda raw: lzma.LZMAFile(raw).read1,
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
    with open(file, "rb", buffering=0) as raw:
        if file.suffix in _OPENERS:
            yield from _lines(_OPENERS[file.suffix](raw), raw, on_bytes)
            return
        place = _place(raw, os.fstat(raw.fileno()).st_size, since - DISORDER, stamp)
        on_bytes(place)
        raw.seek(place)
        yield from _lines(raw.read, raw, on_bytes)


def _lines(read: _Reader, raw: FileIO, on_bytes: Progress) -> Iterator[str]:
    rest, before = b"", raw.tell()
    while block := _read(read, _BLOCK):
        on_bytes(raw.tell() - before)
        before = raw.tell()
        # a crash leaves NULs in a file that was being written
        whole, end, rest = (rest + block.replace(b"\0", b"")).rpartition(b"\n")
        texts = whole.decode("utf-8", "replace").split("\n") if end else ()
        yield from (text if len(text) < LONGEST else "?" for text in texts)
        rest = rest[: 2 * LONGEST]
    if rest:
        yield rest.decode("utf-8", "replace")


def _read(read: _Reader, count: int) -> bytes:
    try:
        return read(count)
    except _BROKEN:
        return b""


def _first(file: Path, stamp: Stamp) -> float | None:
    with open(file, "rb", buffering=0) as raw:
        read = _OPENERS[file.suffix](raw) if file.suffix in _OPENERS else raw.read
        return _stamp_in(_read(read, _REACH).split(b"\n"), stamp)


def _place(raw: FileIO, end: int, target: float, stamp: Stamp) -> int:
    """Where to begin so that no line of ``target`` or later is missed: the start of a line."""
    low, high = 0, end
    while high - low > _REACH:
        middle = (low + high) // 2
        place = _after_hole(raw, middle)
        raw.seek(place)
        at = _stamp_in(raw.read(_REACH).split(b"\n")[1:-1], stamp) if place < high else None
        if at is not None and at < target:
            low = place
        else:
            high = middle
    raw.seek(low)
    return low + raw.read(_REACH).find(b"\n") + 1 if low else 0


def _after_hole(raw: FileIO, place: int) -> int:
    """The next byte of a file that was written: none is read where a file has a hole."""
    try:
        return os.lseek(raw.fileno(), place, os.SEEK_DATA)
    except (AttributeError, OSError):  # not every system tells
        return place


def _stamp_in(raw_lines: list[bytes], stamp: Stamp) -> float | None:
    found = (stamp(line.decode("utf-8", "replace")) for line in raw_lines)
    return next((at for at in found if at is not None), None)
