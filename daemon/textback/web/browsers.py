"""What a browser calls itself, in two words by which its owner knows it again."""

from __future__ import annotations

import re

#: The more special before what it also claims to be.
_BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"(Firefox|FxiOS)/"),
    ("Chrome", r"(Chrome|CriOS)/"),
    ("Safari", r"Version/\S+ .*Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("Mac", r"Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)


def browser_of(agent: str) -> str:
    """``Firefox on Windows``, of a header ``User-Agent``, which anybody may write as they like."""
    browser = next((name for name, pattern in _BROWSERS if re.search(pattern, agent)), "Another browser")
    system = next((name for name, pattern in _SYSTEMS if re.search(pattern, agent)), None)
    return f"{browser} on {system}" if system else browser
