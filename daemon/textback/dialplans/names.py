"""What may stand in a PBX's files without meaning more there than it says."""

from __future__ import annotations

import re

#: characters; app_queue and the reader of these files cut off what is longer (category names in main/config.c)
LONGEST_SECTION = 79
#: what the name of each of Asterisk's files would be taken for
RESERVED = ("general", "textback-offer")

#: two dashes would end the comment in which the name stands
_FREESWITCH_QUEUE = re.compile(r"(?!.*--)\w[\w.+@-]*")
_SECTION = re.compile(r"[\w.+@'&-]+( +[\w.+@'&-]+)*")
_HOST = re.compile(r"[A-Za-z0-9_.:-]+")
_WORDS = {"*": "star", "#": "pound"}


class DialplanError(Exception):
    """What is configured cannot be put into the PBX's files; the text says what to change."""


def section(name: str, what: str) -> str:
    """``name`` as it stands between the brackets of a section; ``what`` it is, for the error.

    Raises ``DialplanError`` for what would end the brackets or the line, be evaluated, or be cut off.
    """
    if not _SECTION.fullmatch(name) or len(name.encode()) > LONGEST_SECTION:
        raise DialplanError(
            f"{what}: found {_shown(name)}, expected up to {LONGEST_SECTION} letters, digits, spaces and any of"
            " - _ . + @ ' &: Asterisk's files take the rest for something else"
        )
    if name.lower() in RESERVED:
        raise DialplanError(f"{what}: found {_shown(name)}, which is something else in Asterisk's files")
    return name


def freeswitch_queue(name: str, what: str) -> str:
    """``name`` as it stands in FreeSWITCH's XML and in the name of a file; ``what`` it is, for the error.

    Raises ``DialplanError`` for what would mean something there, or would be cut off (mod_callcenter at a blank).
    """
    if not _FREESWITCH_QUEUE.fullmatch(name) or len(name.encode()) > LONGEST_SECTION:
        raise DialplanError(
            f"{what}: found {_shown(name)}, expected up to {LONGEST_SECTION} letters, digits and any of - _ . + @, as a"
            " queue of FreeSWITCH is called"
        )
    return name


def host(name: str, what: str) -> str:
    """``name`` as it stands in the address of the hooks; raises ``DialplanError`` for what is no host."""
    if not _HOST.fullmatch(name):
        raise DialplanError(f"{what}: found {_shown(name)}, expected an address or the name of a host")
    return f"[{name}]" if ":" in name else name


def comment(text: str) -> str:
    """``text`` as part of a comment, which ends with its line."""
    return "".join(character if character.isprintable() else "?" for character in text)


def word(key: str) -> str:
    """A key as part of a name: ``5``, ``star``, ``pound``."""
    return _WORDS.get(key, key)


def _shown(name: str) -> str:
    short = name if len(name) <= 60 else name[:60] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short) + '"'
