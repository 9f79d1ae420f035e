"""TOML as people write it: lists of plain values on one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomli_w

#: a list as tomli_w writes it, an element a line; elements have no line ends of their own
_LIST = re.compile(r"^(\S.*) = \[\n((?:    .+,\n)+)\]$", re.MULTILINE)
_ELEMENT = re.compile(r"^    (.+),$", re.MULTILINE)


def dumps(document: Mapping[str, Any]) -> str:
    """The text of a TOML file."""
    return _LIST.sub(lambda found: f"{found[1]} = [{', '.join(_ELEMENT.findall(found[2]))}]", tomli_w.dumps(document))


def entry(key: str, value: Any) -> str:
    """One line of a TOML file."""
    return dumps({key: value}).rstrip("\n")
