"""A form that was overtaken: what its author changed stays as typed, and what they left alone is as it is by now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from textback.web.pages.settings.fields import Typed
from textback.web.pages.settings.groups import Asked, Sheet

#: Rows have numbers, and a number may mean another row by now: they stay as typed, all of them.
_ROW = re.compile(r"(^|\.)(lines|queue|differs)\.[0-9]")


def merged(sheet: Sheet, base: Mapping[str, Any] | None, now: Mapping[str, Any], typed: Typed) -> dict[str, str]:
    """``base``: the document that the form was made from, None: nobody knows it any more; ``now``: as it stands."""
    if base is None:
        return dict(typed)
    before, after = (sheet.typed(one, sheet.groups(one, typed, Asked())) for one in (base, now))
    return kept(before, after, typed)


def kept(before: Typed, after: Typed, typed: Typed) -> dict[str, str]:
    """What was typed where it differs from what a form showed ``before``, else what it would show ``after``."""
    return {
        name: after[name] if name in after and before.get(name) == text and not _ROW.search(name) else text
        for name, text in typed.items()
    }
