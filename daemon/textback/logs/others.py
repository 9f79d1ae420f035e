"""What other people's code says in our log: the words that stand in its source, and never what it put into them."""

from __future__ import annotations

import linecache
import logging
import re

#: ``warnings.formatwarning``: file, line, category, then words that may hold anything
_WARNING = re.compile(r"(.*?:[0-9]+: \w+): ")


def is_ours(record: logging.LogRecord) -> bool:
    """Whether the line is one of ours, whose words keep to the rules of this house."""
    return record.name == "textback" or record.name.startswith("textback.")


def words_of(record: logging.LogRecord) -> str:
    """What may be told of a record of somebody else's.

    A library may put a password or a whole event into a message (panoramisk's "Fail to send", greenswitch's headers
    of an event), so only a message that stands in the source as it is, with its places still open, is told; else where.
    """
    said = str(record.msg).strip()
    if record.name == "py.warnings":
        found = _WARNING.match(str(record.args[0]) if isinstance(record.args, tuple) and record.args else said)
        return found[1] if found else "a warning"
    if any(f'"{said}' in line or f"'{said}" in line for line in linecache.getlines(record.pathname) if said):
        return said
    return f"trouble in {record.funcName} ({record.module}:{record.lineno})"
