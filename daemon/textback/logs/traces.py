"""An exception as the log tells it: where it came from and of which kind, and its words only where they are ours."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator

#: Frames of each, the innermost ones, and exceptions of one chain or group.
FRAMES, MOST = 30, 20
_CAUSED = "That was the cause of:"
_MEANWHILE = "While that was dealt with:"


def trace_of(error: BaseException) -> str:
    """Several lines. The words of an exception of others may be a number, a name, a text: they are left out."""
    return "\n".join(_told(error, set()))


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen or len(seen) >= MOST:
        return
    seen.add(id(error))
    before, joint = error.__cause__, _CAUSED
    if before is None and not error.__suppress_context__:
        before, joint = error.__context__, _MEANWHILE
    if before is not None:
        yield from _told(before, seen)
        yield joint
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__, -FRAMES)).rstrip("\n")
    yield _named(error)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield "One of them:"
            yield from _told(one, seen)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    words = _words(error)
    return f"{name}: {words}" if words else name


def _words(error: BaseException) -> str:
    if type(error).__module__.startswith("textback."):
        return str(error)
    if isinstance(error, OSError) and isinstance(error.errno, int) and error.errno > 0:
        return os.strerror(error.errno)
    return ""
