"""The texts that callers get: placeholders, length limits, and SMS segments as carriers count them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from textback.languages import primary

PLACEHOLDERS = ("practice", "line", "queue", "wait", "first_name", "url")
#: Longest rendered text per flow (``model.Flow``), in characters.
LIMITS: Mapping[str, int] = {"call_to_text": 255, "abandoned": 255, "missed": 200}
LONGEST_FIRST_NAME = 20
LONGEST_QUEUE = 30

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\|([^{}|]*))?\}")


@dataclass(frozen=True, slots=True)
class _Wait:
    moment: str
    minute: str
    minutes: str
    hour: str


_WAITS = {
    "en": _Wait("less than a minute", "1 minute", "{} minutes", "more than an hour"),
    "es": _Wait("menos de un minuto", "1 minuto", "{} minutos", "más de una hora"),
    "fr": _Wait("moins d'une minute", "1 minute", "{} minutes", "plus d'une heure"),
}


def render(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its placeholders filled; what is no placeholder is left as it is, braces included.

    A first name that is missing or longer than 20 characters takes the fallback, a queue shows its first 30.
    """

    def fill(found: re.Match[str]) -> str:
        if not _is_known(found, values):
            return found.group()
        name, fallback = found.groups()
        value = values.get(name) or ""
        if name == "first_name" and not 0 < len(value) <= LONGEST_FIRST_NAME:
            return fallback or ""
        return value[:LONGEST_QUEUE] if name == "queue" else value

    return _PLACEHOLDER.sub(fill, text)


def mistakes(
    text: str,
    limit: int | None,
    fixed: Mapping[str, str],
    language: str | None = None,
    extra: Iterable[str] = (),
) -> list[str]:
    """What is wrong with a template, each as "FOUND, expected EXPECTED".

    ``fixed`` has the values that are known already (practice, line, url), ``extra`` further placeholders,
    ``limit`` the characters that fit with the longest possible values (None: no limit).
    """
    extra = tuple(extra)
    found = [_unknown(one, extra) for one in _PLACEHOLDER.finditer(text) if not _is_known(one, extra)]
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        found.append("a brace that belongs to no placeholder, expected braces around placeholders only")
    length = longest(text, fixed, language)
    if limit is not None and length > limit:
        found.append(f"up to {length} characters, expected at most {limit}")
    return list(dict.fromkeys(found))


def longest(text: str, fixed: Mapping[str, str], language: str | None = None) -> int:
    """The length of the rendered text with the longest possible values, in characters."""
    return max(map(len, widest(text, fixed, language)))


def widest(text: str, fixed: Mapping[str, str], language: str | None = None) -> tuple[str, str]:
    """The rendered text with the longest possible values: to somebody without a name, and with a long one."""
    values = widest_values(fixed, language)
    return render(text, {**values, "first_name": ""}), render(text, values)


def widest_values(fixed: Mapping[str, str], language: str | None = None) -> dict[str, str]:
    """The longest value of each placeholder; ``fixed`` has those that are known already."""
    longest_ones = {"queue": "W" * LONGEST_QUEUE, "wait": _widest_wait(language)}
    return {**longest_ones, **fixed, "first_name": "W" * LONGEST_FIRST_NAME}


def wait_words(seconds: float, language: str) -> str:
    """How long somebody waited, to the nearest minute; in English where the language is not known."""
    words = _waits(language)
    if seconds < 60:
        return words.moment
    if seconds > 3600:
        return words.hour
    minutes = int(seconds / 60 + 0.5)
    return words.minute if minutes == 1 else words.minutes.format(minutes)


def _is_known(found: re.Match[str], others: Container[str]) -> bool:
    name, fallback = found.groups()
    return (name in PLACEHOLDERS or name in others) and (fallback is None or name == "first_name")


def _unknown(found: re.Match[str], extra: tuple[str, ...]) -> str:
    if found.group(1) in PLACEHOLDERS:
        return f"{found.group()}, expected a fallback with {{first_name|…}} only"
    known = ", ".join(f"{{{name}}}" for name in (*PLACEHOLDERS, *extra))
    return f"the unknown placeholder {found.group()}, expected one of {known}"


def _waits(language: str) -> _Wait:
    return _WAITS.get(primary(language), _WAITS["en"])


def _widest_wait(language: str | None) -> str:
    several = _WAITS.values() if language is None else [_waits(language)]
    forms = (form for w in several for form in (w.moment, w.minute, w.minutes.format(60), w.hour))
    return max(forms, key=len)


# SMS segments, 3GPP TS 23.038 (the alphabet) and 23.040 (the header that takes room in each part).

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_ESCAPED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segments:
    """How many parts a carrier bills for, in which alphabet, and the units the text takes in it."""

    count: int
    encoding: Literal["GSM-7", "UCS-2"]
    units: int


def segments(text: str) -> Segments:
    """Counts as carriers do: 160 units or parts of 153 in GSM-7, 70 or 67 in UCS-2; no character is split."""
    if set(text) <= _GSM7 | _GSM7_ESCAPED:
        units = [2 if character in _GSM7_ESCAPED else 1 for character in text]
        return Segments(_parts(units, 160, 153), "GSM-7", sum(units))
    units = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Segments(_parts(units, 70, 67), "UCS-2", sum(units))


def _parts(units: list[int], alone: int, together: int) -> int:
    if sum(units) <= alone:
        return 1 if units else 0
    count, room = 1, together
    for unit in units:
        if unit > room:
            count, room = count + 1, together
        room -= unit
    return count
