"""How long a text may get: what stands beside it while it is written, here and (``settings.js``) in the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from textback import template
from textback.practice.changes import ABSENT
from textback.web.pages.settings.fields import at


def fixed_values(document: Mapping[str, Any]) -> dict[str, str]:
    """The placeholders whose values are known before anybody calls; of several lines, the one with most characters."""
    lines = at(document, ("line",))
    names = [str(line.get("name", "")) for line in lines if isinstance(line, Mapping)] if lines is not ABSENT else []
    about = {name: at(document, ("practice", name)) for name in ("name", "url")}
    told = {name: value if isinstance(value, str) else "" for name, value in about.items()}
    return {"practice": told["name"], "line": max(names, key=len, default=""), "url": told["url"]}


def counted(text: str, limit: int | None, fixed: Mapping[str, str], language: str) -> str:
    """``up to 143 of 255 characters, 1 segment``: with the longest values that the placeholders can have."""
    if not text:
        return ""
    forms = template.widest(text, fixed, language)
    length, parts = max(map(len, forms)), max(template.segments(form).count for form in forms)
    of = f" of {limit}" if limit is not None else ""
    over = f", {length - limit} too many" if limit is not None and length > limit else ""
    return f"up to {length}{of} characters{over} · {parts} segment{'' if parts == 1 else 's'}"


def values_for_script(fixed: Mapping[str, str], language: str) -> str:
    """What the browser puts in place of placeholders to count the same."""
    return json.dumps(template.widest_values(fixed, language))
