"""What may stand in a channel variable without meaning anything to a dialplan, a shell or SQL."""

from __future__ import annotations

from unicodedata import category

#: characters of a variable's value; Asterisk cuts a command at 2047 bytes
LONGEST_VALUE = 256
#: what a value may hold besides letters and digits; the rest means something to a dialplan, a shell or SQL
_HARMLESS = frozenset(" .’@+/:_#*-")


def plain(value: str) -> str:
    """``value`` as a dialplan can use it anywhere: letters with their marks, digits, and what is harmless."""
    value = value[:LONGEST_VALUE].replace("'", "’")
    return "".join(c if c.isalnum() or c in _HARMLESS or category(c)[0] == "M" else " " for c in value)
