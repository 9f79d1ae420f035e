"""What is wrong with a configuration file: every mistake at once, each with key, found and expected."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from textback import numbers

Part = TypeVar("Part", bound=BaseModel)
Loc = tuple[int | str, ...]

LONGEST_FOUND = 60  # characters
SECRET_KEYS = frozenset({"secret", "auth_token", "password", "token", "signing_key", "metrics_token"})
#: Numbers of persons, not of the practice: masked as in the logs.
PERSONAL_KEYS = frozenset({"test_numbers", "blocked"})

_PASSWORD = re.compile(r"(://[^/@\s:]*:).*@")
_EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "tuple_type": "a list in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_short": "some text",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least one",
    "too_long": "at most {max_length}",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake; ``key`` as the file spells it (``line[0].number``), the rest ready to be read aloud."""

    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: found {self.found}, expected {self.expected}"


class Expected(ValueError):
    """Raised by a field's validator: its text goes on from "expected …"."""


def read_leniently(
    model: type[Part], document: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[Part, list[Mistake]]:
    """Reads what is right in ``document``, and says what is not, so that later checks see the rest too.

    Every field of ``model`` has a default; what is required is for the checks to say.
    """
    found: list[Mistake] = []
    rest = copy.deepcopy(dict(document))
    while True:
        try:
            return model.model_validate(rest, context=dict(context)), found
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        for error in errors:
            found += not_yet_told(found, [_mistake(model, error)])
        _remove(rest, [error["loc"] for error in errors])


def not_yet_told(told: Iterable[Mistake], more: Iterable[Mistake]) -> list[Mistake]:
    """Those of ``more`` that are no mere consequence of a mistake that was told."""
    keys = [mistake.key for mistake in told]
    return [one for one in more if not any(_inside(one.key, key) or _inside(key, one.key) for key in keys)]


def required(key: str, section: BaseModel, **expected: str) -> Iterator[Mistake]:
    """A mistake for each value that ``section`` (at ``key``) lacks, by name with what is expected there."""
    for name, what in expected.items():
        if name not in section.model_fields_set or not getattr(section, name):
            yield Mistake(f"{key}.{name}", "nothing", what)


def shown(value: object, key: str = "") -> str:
    """``value`` as a message may show it: short, on one line, without secrets or numbers of persons."""
    names = set(re.findall(r"[a-z_]+", key))
    if names & SECRET_KEYS:
        return "something that is not shown"
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list, tuple)):
        return f"{'a' if value else 'an empty'} {'table' if isinstance(value, dict) else 'list'}"
    if names & PERSONAL_KEYS:
        return json.dumps(numbers.mask(str(value)), ensure_ascii=False)
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    text = _PASSWORD.sub(r"\1•••@", value)
    return json.dumps(text if len(text) <= LONGEST_FOUND else text[:LONGEST_FOUND] + "…", ensure_ascii=False)


def key_of(loc: Loc) -> str:
    """``("line", 0, "number")`` as ``line[0].number``."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{_on_one_line(step)}" for step in loc if step != "[key]"
    )
    return "".join(steps).removeprefix(".")


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def _mistake(model: type[BaseModel], error: ErrorDetails) -> Mistake:
    key, context = key_of(error["loc"]), error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return Mistake(key, "an unknown key", _known_keys(model, error["loc"]))
    if isinstance(context.get("error"), Expected):
        return Mistake(key, shown(error["input"], key), str(context["error"]))
    expected = _EXPECTED.get(error["type"])
    return Mistake(key, shown(error["input"], key), expected.format(**context) if expected else error["msg"])


def _known_keys(model: type[BaseModel], loc: Loc) -> str:
    at = _model_at(model, loc[:-1])
    known = [field.alias or name for name, field in at.model_fields.items()] if at else []
    near = get_close_matches(str(loc[-1]), known, 1)
    return near[0] if near else "one of " + ", ".join(known)


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    at: Any = model
    for step in loc:
        if isinstance(at, type) and issubclass(at, BaseModel):
            fields = {field.alias or name: field for name, field in at.model_fields.items()}
            at = _without_none(fields[str(step)].annotation)
        else:  # a tuple's or a dict's element
            at = get_args(at)[1 if get_origin(at) is dict else 0]
    return at if isinstance(at, type) and issubclass(at, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    return next(one for one in get_args(annotation) if one is not type(None))


def _remove(document: dict[str, Any], locs: Iterable[Loc]) -> None:
    """Takes out what each of ``locs`` leads to, the last element of a list first."""
    for loc in sorted({_as_far_as_it_goes(document, loc) for loc in locs}, key=_order, reverse=True):
        *path, last = loc
        parent: Any = document
        for step in path:
            parent = parent[step]
        if _is_among_tables(parent[last], parent):
            parent[last] = {}  # the tables that follow keep their numbers
        else:
            del parent[last]


def _as_far_as_it_goes(document: Any, loc: Loc) -> Loc:
    at = document
    for depth, step in enumerate(loc):
        if not _has(at, step):
            return loc[:depth]
        at = at[step]
    return loc


def _has(at: object, step: int | str) -> bool:
    return isinstance(at, dict) and step in at or isinstance(at, list) and isinstance(step, int)


def _is_among_tables(value: object, parent: object) -> bool:
    tables = isinstance(parent, list) and any(isinstance(one, dict) for one in parent)
    return tables and not isinstance(value, dict)


def _order(loc: Loc) -> tuple[tuple[int, str], ...]:
    """Sorts what is inside after what it is in, and elements by their numbers."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in loc)


def _inside(key: str, other: str) -> bool:
    return key == other or key.startswith((other + ".", other + "["))
