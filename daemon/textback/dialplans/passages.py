"""Changes passages of a shipped file; one that is not there once is a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Callable


def replaced(text: str, pattern: str, new: str) -> str:
    """``text`` with ``new`` in place of the only passage that ``pattern`` finds; ^ and $ are ends of lines."""
    return rewritten(text, pattern, lambda _: new)


def rewritten(text: str, pattern: str, new: Callable[[str], str]) -> str:
    """The same, made from the passage."""
    changed, times = re.subn(pattern, lambda found: new(found[0]), text, flags=re.MULTILINE)
    if times != 1:
        raise RuntimeError(f"the shipped dialplan has {pattern} {times} times")
    return changed
