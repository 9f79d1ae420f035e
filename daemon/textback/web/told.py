"""What a webhook is told of a caller: in the query, a form or JSON, by any of the names that others have for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

from textback.languages import tag

#: No honest request has as many.
MOST_FIELDS = 200
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

#: Ours, by what they are called elsewhere; large and small letters are the same.
_NAMES = {
    "caller": "caller",
    "caller_id_number": "caller",
    "phone": "caller",
    "from": "caller",
    "lang": "lang",
    "name": "name",
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})?")
#: A plus that was not encoded, as in ``?caller=+12025550123``: what is there for a space would be no number.
_BARE_PLUS = re.compile(r"(?<==)\+(?=[0-9])")

Pairs = list[tuple[str, object]]


class Mistaken(Exception):
    """What was told cannot be used: a code, and a sentence without anything of what was told."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code)
        self.code, self.why = code, why


@dataclass(frozen=True, slots=True)
class Told:
    """A caller: their number, in every way in which it was written, and perhaps their language and name."""

    numbers: tuple[str, ...]
    language: str | None = None
    name: str | None = None


def read(query: bytes, content_type: str, body: bytes) -> Told:
    """What a request tells; raises ``Mistaken``, and HTTPException: 400 if it cannot be read, 415 for another type."""
    given: dict[str, list[str]] = {}
    for name, value in _form(query) + _body(content_type, body):
        known = _NAMES.get(name.strip().lower())
        text = _text(value) if known else ""
        if known and text and text not in given.setdefault(known, []):
            given[known].append(text)
    if "caller" not in given:
        raise Mistaken("no_number", "the caller's number is missing: it is expected in the parameter caller")
    # What is no language is no reason to send nothing: it is as if none had been told.
    return Told(tuple(given["caller"]), language_of(_one(given, "lang") or ""), _one(given, "name"))


def language_of(lang: str) -> str | None:
    """``ES_mx`` as a practice file has it, ``es-MX``; None if it is no language."""
    return tag(lang) if _LANGUAGE.fullmatch(lang) else None


def _one(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name, [])
    if len(values) > 1:
        raise Mistaken("contradiction", f"the parameter {name} is there twice, and does not say the same")
    return values[0] if values else None


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or isinstance(value, str):
        return (value or "").strip()
    raise Mistaken("bad_parameter", "a parameter is neither text nor a whole number")


def _body(content_type: str, body: bytes) -> Pairs:
    if not body:
        return []
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return _form(body)
    if kind == JSON or kind.endswith("+json"):
        return _json(body)
    raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _form(encoded: bytes) -> Pairs:
    try:
        text = _BARE_PLUS.sub("%2B", encoded.decode())
        return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))
    except ValueError:  # no UTF-8, or too many fields
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


class _Object(list[tuple[str, object]]):
    """The pairs of a JSON object, those too that are there twice."""


def _json(body: bytes) -> Pairs:
    try:
        told = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_pairs)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or a tower of brackets
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if not isinstance(told, _Object):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return told


def _pairs(pairs: Iterable[tuple[str, object]]) -> _Object:
    return _Object(pairs)
