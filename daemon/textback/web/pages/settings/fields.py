"""One value of a practice file as a form has it: how it is typed, and how what was typed is read back."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from textback.mistakes import Loc, Mistake, key_of
from textback.practice.changes import ABSENT

#: What stands in the fields of a form, by their names.
Typed = Mapping[str, str]
Document = dict[str, Any]

YES, NO = "on", "off"


class Kind(NamedTuple):
    """A kind of value: the widget that shows it, and the way there and back; ``ABSENT`` is what is left out.

    What cannot be read is kept as it was typed, so that the practice file's own checks say what is wrong with it.
    """

    widget: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _number(text: str) -> Any:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else text.strip() or ABSENT


def _split(separator: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        return [part.strip() for part in re.split(separator, text) if part.strip()]

    return read


def _spans(text: str) -> Any:
    return _split(r"[,;\n]")(text) or ABSENT


def _joined(separator: str) -> Callable[[Any], str]:
    return lambda values: separator.join(map(str, values)) if isinstance(values, (list, tuple)) else str(values)


def _span_or_off(text: str) -> Any:
    known = text.strip().lower()
    return ABSENT if not known else False if known in ("false", "off", "no", "none") else text.strip()


LINE = Kind("line", str, lambda text: text.strip() or ABSENT)
SHORT = Kind("short", str, LINE.read)
NUMBER = Kind("short", str, _number)
SPANS = Kind("line", _joined(", "), _spans)
SPAN_OR_OFF = Kind("short", lambda value: value if isinstance(value, str) else "", _span_or_off)
CODES = Kind("short", _joined(", "), lambda text: _split(r"[,;\s]")(text) or ABSENT)
MANY = Kind("many", _joined("\n"), lambda text: _split(r"\n")(text) or ABSENT)
TEXT = Kind("text", str, lambda text: text if text.strip() else ABSENT)
FLAG = Kind("flag", lambda value: YES if value else NO, lambda text: text == YES)
CHOICE = Kind("choice", str, lambda text: text or ABSENT)
#: a flag that may be left to what holds elsewhere
FLAG_OR_SAME = Kind("choice", FLAG.write, lambda text: ABSENT if not text else text == YES)


@dataclass(frozen=True)
class Field:
    """A field of a form; ``default`` is what holds where nothing is typed, ``usual`` how that is told.

    ``name``: in the form, where it is not the key of the practice file. ``limit``: of a text, in characters.
    """

    path: Loc
    label: str
    kind: Kind
    hint: str = ""
    default: Any = ABSENT
    usual: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    limit: int | None = None
    extra: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """As the practice file, and what is wrong with it, spells it."""
        return key_of(self.path)

    @property
    def called(self) -> str:
        """Its name in the form."""
        return self.name or self.key

    def typed(self, value: Any) -> str:
        """What stands in the form for a value."""
        if value is ABSENT:
            value = self.default
        return "" if value is ABSENT or value is None else self.kind.write(value)


def typed_of(fields: Iterable[Field], document: Mapping[str, Any]) -> dict[str, str]:
    """What a form shows of a document."""
    return {one.called: one.typed(at(document, one.path)) for one in fields}


def put(fields: Iterable[Field], document: Mapping[str, Any], typed: Typed) -> Document:
    """The document with what was typed; what a form does not have, or has as it was, stays as it stands there."""
    changed: Document = copy.deepcopy(dict(document))
    for one in fields:
        text = typed.get(one.called)
        if text is not None and text != one.typed(at(changed, one.path)):
            _set(changed, one.path, one.kind.read(text))
    return changed


def at(document: Any, path: Loc) -> Any:
    """What stands there; ``ABSENT`` if nothing does."""
    for step in path:
        if isinstance(document, Mapping) and step in document:
            document = document[step]
        elif isinstance(document, list) and isinstance(step, int) and 0 <= step < len(document):
            document = document[step]
        else:
            return ABSENT
    return document


def _set(document: MutableMapping[Any, Any], path: Loc, value: Any) -> None:
    *tables, last = path
    place: Any = document
    for step in tables:
        if at(place, (step,)) is ABSENT:
            if value is ABSENT:
                return
            place[step] = {}
        place = place[step]
    if value is ABSENT:
        place.pop(last, None)
    else:
        place[last] = value


def beside(fields: Iterable[Field], mistakes: Iterable[Mistake]) -> tuple[dict[str, list[Mistake]], list[Mistake]]:
    """Each mistake at the field that it is about, by that one's name in the form; and those that are about none."""
    known = {one.key: one.called for one in fields}
    placed: dict[str, list[Mistake]] = {}
    rest = []
    for mistake in mistakes:
        fits = [key for key in known if mistake.key == key or mistake.key.startswith((key + ".", key + "["))]
        if fits:
            placed.setdefault(known[max(fits, key=len)], []).append(mistake)
        else:
            rest.append(mistake)
    return placed, rest
