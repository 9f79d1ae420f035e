"""What a manager user's ``eventfilter`` lines let through, and which of them a caller can abuse.

Asterisk matches POSIX expressions with the whole text of an event (main/manager.c): with any line that begins with !,
what it matches is hidden; with any other, what none matches is hidden, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from textback.doctor.asterisk.confs import Entry
from textback.pbx.ami_facts import WANTED

_VARIABLES = ("QUEUESTATUS", "DIALSTATUS", "VMSTATUS")
_APPLICATIONS = ("Queue", "VoiceMail")
_CLASSES = {
    "DTMFEnd": "dtmf", "VarSet": "dialplan", "Newexten": "dialplan", "QueueCallerJoin": "agent",
    "QueueCallerLeave": "agent", "QueueCallerAbandon": "agent", "AgentConnect": "agent", "AgentCalled": "agent",
}  # fmt: skip
_BODY = (
    "Channel: PJSIP/trunk-00000001\r\nChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: 12025550111\r\n"
    "CallerIDName: {name}\r\nContext: from-trunk\r\nExten: 12025550110\r\nPriority: 2\r\n"
    "Uniqueid: 1795262400.1\r\nLinkedid: 1795262400.1\r\n"
)
#: what makes a text of POSIX mean the same to Python
_POSIX = {"[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:alnum:]": "A-Za-z0-9", "[:space:]": r"\s", "[:upper:]": "A-Z"}
#: ways in which a line of its own can begin with what no caller can write
_ANCHORED = re.compile(r"\^\(?Event: ")


@dataclass(frozen=True, slots=True)
class Filter:
    """One line; ``hides``: it began with !. ``pattern`` is None where it cannot be judged here."""

    entry: Entry
    hides: bool
    pattern: re.Pattern[str] | None

    @property
    def text(self) -> str:
        """What stands behind the equals sign."""
        return self.entry.value


def read_filter(entry: Entry) -> Filter:
    """What an ``eventfilter`` line says."""
    text = entry.value
    hides, expression = text.startswith("!"), text.removeprefix("!")
    for posix, python in _POSIX.items():
        expression = expression.replace(posix, python)
    try:
        return Filter(entry, hides, re.compile(expression, re.DOTALL))
    except re.error:
        return Filter(entry, hides, None)


def hidden(filters: Sequence[Filter]) -> list[str]:
    """The events that the daemon needs and these lines keep from it, each with what is needed of it."""
    return [name for name, event in needed() if not passes(filters, event)]


def passes(filters: Iterable[Filter], event: str) -> bool:
    """Whether an event gets through."""
    shows = [one.pattern for one in filters if not one.hides]
    hides = [one.pattern for one in filters if one.hides]
    if any(pattern and pattern.search(event) for pattern in hides):
        return False
    return not shows or any(pattern is None or pattern.search(event) for pattern in shows)


def abused(filters: Iterable[Filter]) -> list[Filter]:
    """Lines that hide, and look beyond the event's own name: who calls themselves as they say is not seen."""
    return [one for one in filters if one.hides and not _is_bound(one)]


def needed() -> Iterator[tuple[str, str]]:
    """An example of each event that the daemon needs."""
    for name in sorted(wanted.decode() for wanted in WANTED - {b"VarSet", b"Newexten"}):
        yield name, _event(name)
    for variable in _VARIABLES:
        yield f"VarSet of {variable}", _event("VarSet", f"Variable: {variable}\r\nValue: TIMEOUT\r\n")
    for application in _APPLICATIONS:
        more = f"Extension: s\r\nApplication: {application}\r\nAppData: support\r\n"
        yield f"Newexten of {application}", _event("Newexten", more)


def _event(name: str, more: str = "", caller: str = "Ada") -> str:
    return f"Event: {name}\r\nPrivilege: {_CLASSES.get(name, 'call')},all\r\n{_BODY.format(name=caller)}{more}\r\n"


def _is_bound(one: Filter) -> bool:
    """Whether no caller's name can make it hide an event which it does not hide anyhow."""
    if one.pattern is None or not _ANCHORED.match(one.pattern.pattern):
        return False
    words = one.pattern.pattern.partition("Event: ")[2]
    # what looks past the event's name (".*", or across its line) may look into what a caller wrote
    return re.search(r"\.[*+?]|\[\^|\\[rn]", words) is None
