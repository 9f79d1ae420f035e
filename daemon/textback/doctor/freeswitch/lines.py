"""What FreeSWITCH's preprocessor makes of a file's lines (switch_xml.c), before anything else reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: a line with one of these is passed over as a whole, for the sake of validators
_PASSED_OVER = ("<include>", "</include>", "<?")
_WORD = "x-pre-process"
_INSIDE = r"(?:\"[^\"]*\"|[^<>\"])*"
_COMMAND = re.compile(rf"<x-pre-process\b{_INSIDE}>", re.IGNORECASE)
#: as it was written before X-PRE-PROCESS, which FreeSWITCH still takes
_OLD = re.compile(r"<!--#(include|set)\s+\"?(.*?)\"?\s*-->")
#: what is no loss; FreeSWITCH's own samples write XX-PRE-PROCESS for what shall not be followed
_NOTHING = re.compile(rf"</?include>|<\?.*?\?>|<!--.*?-->|</?\w*x-pre-process{_INSIDE}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Oddity:
    """A line that is read otherwise than it looks; ``apart``: the same in lines that are read as they look."""

    file: str
    line: int
    text: str
    apart: tuple[str, ...]
    is_commented: bool = False


def as_read(text: str, file: str) -> tuple[str, list[Oddity]]:
    """The text with as many lines, in which nothing stands that FreeSWITCH passes over, and what is odd about it.

    Of a line with a command nothing but that command counts, be it in a comment or not.
    """
    lines, odd = [], []
    for number, line in enumerate(_OLD.sub(_as_today, text).split("\n"), 1):
        is_command = _WORD in line.lower()
        if not is_command and not any(mark in line for mark in _PASSED_OVER):
            lines.append(line)
            continue
        command = _COMMAND.search(line)
        lines.append(_closed(command[0]) if is_command and command else "")
        if found := _oddity(file, number, line, command[0] if is_command and command else None):
            odd.append(found)
    return "\n".join(lines), odd


def _oddity(file: str, number: int, line: str, command: str | None) -> Oddity | None:
    if "<" in _NOTHING.sub("", line):
        apart = [part.strip() for part in re.split(f"({_NOTHING.pattern})", line, flags=re.IGNORECASE)]
        return Oddity(file, number, line.strip(), tuple(part for part in apart if part))
    if command and "<!--" in line.partition(command)[0]:
        quiet = re.sub(r"(?i)<x-pre", "<X-NO-PRE", line.strip())
        return Oddity(file, number, line.strip(), (quiet,), is_commented=True)
    return None


def _closed(command: str) -> str:
    return command if command.endswith("/>") else f"{command[:-1]}/>"


def _as_today(found: re.Match[str]) -> str:
    return f"<X-PRE-PROCESS cmd=\"{found[1]}\" data='{found[2]}'/>"
