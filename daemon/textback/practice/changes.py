"""What differs between two documents of a practice, key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from textback import numbers
from textback.mistakes import PERSONAL_KEYS

ABSENT = object()
DEFAULT = "(default)"


class Change(NamedTuple):
    """One key, with what stood there and what stands there now, as JSON; ``DEFAULT`` where it stands nowhere."""

    key: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.key}: {self.before} -> {self.after}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """One for each key: ``abandoned.min_hold: "5s" -> "10s"``; numbers of persons are masked."""
    old, new = dict(_flat("", before)), dict(_flat("", after))
    for key in [*old, *(key for key in new if key not in old)]:
        if old.get(key, ABSENT) != new.get(key, ABSENT):
            yield Change(key, _shown(key, old.get(key, ABSENT)), _shown(key, new.get(key, ABSENT)))


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}".removeprefix("."), inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for at, inner in enumerate(value):
            yield from _flat(f"{key}[{at}]", inner)
    else:
        yield key, value


def _shown(key: str, value: object) -> str:
    if value is ABSENT:
        return DEFAULT
    if key.rpartition(".")[2] in PERSONAL_KEYS and isinstance(value, list):
        value = [numbers.mask(number) for number in value]
    return json.dumps(value, ensure_ascii=False)
