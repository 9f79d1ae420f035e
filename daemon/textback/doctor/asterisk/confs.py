"""Reads Asterisk's configuration files as Asterisk does (main/config.c): templates, additions, includes, comments.

What makes Asterisk pass over the rest of a file is told as a fault, and passed over here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

_HEADER = re.compile(r"\[([^\]]*)\](?:\(([^)]*)\))?")
_INCLUDE = re.compile(r"#(include|tryinclude|exec)\s+[\"<]?([^\">]+?)[\">]?\s*$", re.IGNORECASE)
_GENERAL = "general"
_DEEPEST = 10
LARGEST = 64_000_000  # bytes; a FreePBX of 1000 extensions has 10 MB


@dataclass(frozen=True, slots=True)
class Entry:
    """``name = value``, and where it stands: the line as it was written."""

    name: str
    value: str
    file: str
    number: int
    line: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where Asterisk stops reading a file, with the line and why.

    ``whole``: it stands in the file itself and in none that is included, and so nothing of it is loaded at all.
    (Measured on 16.28 and 22.10: of an included file only the rest is passed over.)
    """

    file: str
    number: int
    line: str
    why: str
    whole: bool = False


@dataclass(slots=True)
class Conf:
    """One file with all that it includes; ``read`` names the files."""

    name: str
    sections: dict[str, list[Entry]] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def last(self, section: str, name: str) -> Entry | None:
        """The entry that holds where a name may stand once: the last one."""
        found = [entry for entry in self.sections.get(section, ()) if entry.name.lower() == name]
        return found[-1] if found else None

    def value(self, section: str, name: str) -> str | None:
        """What it says."""
        entry = self.last(section, name)
        return entry.value if entry else None


def read_conf(folder: Path, name: str) -> Conf | None:
    """``name`` in Asterisk's folder of configuration; None if it is not there. Raises ``OSError``."""
    if not (folder / name).exists():
        return None
    conf = Conf(name)
    _Reading(folder, conf).file(folder / name)
    return conf


class _Stop(Exception):
    """The rest of the file is passed over."""


class _Reading:
    def __init__(self, folder: Path, conf: Conf) -> None:
        self._folder = folder
        self._conf = conf
        self._depth = 0

    def file(self, path: Path) -> None:
        text = _text(path)
        shown = self._shown(path)
        self._conf.read.append(shown)
        section: list[Entry] | None = None
        self._depth += 1
        for number, written, line in _lines(text):
            try:
                section = self._line(section, shown, number, written, line)
            except _Stop:
                if self._depth > 1:
                    break
                section = []  # nothing of this file is loaded: what else is wrong with it shall be told, too
        self._depth -= 1

    def _line(self, section: list[Entry] | None, file: str, number: int, written: str, line: str) -> list[Entry] | None:
        if line.startswith("["):
            return self._header(file, number, written, line)
        if line.startswith("#"):
            self._directive(file, number, written, line)
            return section
        name, equals, value = line.partition("=")
        if section is None:
            self._stop(file, number, written, "no section has begun yet")
        elif equals:
            section.append(Entry(name.strip(), value.removeprefix(">").strip(), file, number, written))
        return section

    def _header(self, file: str, number: int, written: str, line: str) -> list[Entry]:
        found = _HEADER.match(line)
        if found is None:
            self._stop(file, number, written, "the bracket is not closed")
        name, options = found[1].strip(), [part.strip() for part in (found[2] or "").split(",") if part.strip()]
        sections = self._conf.sections
        bases = [option for option in options if option not in ("+", "!")]
        for missing in [base for base in bases if base not in sections]:
            self._stop(file, number, written, f"there is no template [{missing}] before it")
        if "+" in options and name not in sections:
            self._stop(file, number, written, f"it adds to [{name}], and there is no [{name}] before it")
        if "!" in options:
            self._conf.templates.add(name)
        if name == _GENERAL and name in sections and "+" not in options:
            return []  # Asterisk reads the first section of that name alone
        section = sections.setdefault(name, [])
        for base in bases:
            section += sections[base]
        return section

    def _directive(self, file: str, number: int, written: str, line: str) -> None:
        found = _INCLUDE.match(line)
        if found is None or found[1].lower() == "exec":  # nothing is run here
            return
        paths = sorted(self._folder.glob(found[2])) if not found[2].startswith("/") else [Path(found[2])]
        there = [path for path in paths if path.is_file()]
        if not there and found[1].lower() == "include":
            self._stop(file, number, written, f"there is no file {found[2]}")
        for path in there if self._depth < _DEEPEST else ():
            self.file(path)

    def _stop(self, file: str, number: int, written: str, why: str) -> NoReturn:
        self._conf.faults.append(Fault(file, number, written, why, whole=self._depth == 1))
        raise _Stop

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else str(path)


def _text(path: Path) -> str:
    with open(path, "rb") as file:
        return file.read(LARGEST).decode("utf-8-sig", "replace")


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, the line as it was written, and what is left of it without comments; empty ones are left out."""
    in_block = False
    for number, written in enumerate(text.split("\n"), 1):
        line, in_block = _uncommented(written, in_block)
        if line.strip():
            yield number, written.rstrip("\r"), line.strip()


def _uncommented(line: str, in_block: bool) -> tuple[str, bool]:
    """What counts of a line; ``;--`` begins a comment that ends at ``--;``, on another line perhaps."""
    kept: list[str] = []
    at = 0
    while at < len(line):
        if in_block:
            end = line.find("--;", at)
            if end < 0:
                return "".join(kept), True
            in_block, at = False, end + 3
        elif line.startswith(";--", at) and not line.startswith(";---", at):
            in_block, at = True, at + 3
        elif line[at] == ";":
            break
        elif line.startswith("\\;", at):
            kept.append(";")
            at += 2
        else:
            kept.append(line[at])
            at += 1
    return "".join(kept), in_block
