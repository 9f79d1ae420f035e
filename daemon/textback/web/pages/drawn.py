"""Rows, tiles and messages as HTML: each is made once, as long as nothing in it changes, for all who look at it."""

from __future__ import annotations

import hashlib
from typing import Any

from textback.web.templates import part

#: Pieces that are kept, of about a kilobyte each; then all are forgotten, and made again as they are asked for.
MOST = 5_000

# Read and filled by several threads: each step of theirs is one operation of the dictionary.
_kept: dict[bytes, str] = {}


def drawn(macro: str, values: tuple[Any, ...], shows: tuple[Any, ...]) -> str:
    """What a macro of the shared templates makes of ``values``; ``shows`` holds all of them that it shows.

    It is told apart by its ``repr``, so no value in it may have one that says where it is in memory.
    """
    key = hashlib.sha256(repr((macro, shows)).encode("utf-8", "backslashreplace")).digest()
    made = _kept.get(key)
    if made is None:
        made = part("shown.html", macro, *values)
        if len(_kept) >= MOST:
            _kept.clear()
        _kept[key] = made
    return made
