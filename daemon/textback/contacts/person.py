"""One row of a table as a person: the number in E.164, the names, what they are to the practice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textback import numbers
from textback.contacts.columns import Columns
from textback.fields import is_language
from textback.languages import tag
from textback.model import ContactKind
from textback.numbers import NumberKind
from textback.store.contacts import LONGEST_ID, LONGEST_NAME

_KINDS = {
    "patient": ContactKind.PATIENT, "patients": ContactKind.PATIENT, "paciente": ContactKind.PATIENT,
    "contact": ContactKind.CONTACT, "contacts": ContactKind.CONTACT, "contacto": ContactKind.CONTACT,
    "referral": ContactKind.REFERRAL, "referrals": ContactKind.REFERRAL, "referralpartner": ContactKind.REFERRAL,
    "referringprovider": ContactKind.REFERRAL, "referringdoctor": ContactKind.REFERRAL,
}  # fmt: skip
_LANGUAGES = {
    "english": "en", "ingles": "en", "anglais": "en", "spanish": "es", "espanol": "es", "español": "es",
    "castellano": "es", "french": "fr", "francais": "fr", "français": "fr", "german": "de", "deutsch": "de",
    "portuguese": "pt", "português": "pt", "italian": "it", "chinese": "zh", "vietnamese": "vi", "russian": "ru",
    "arabic": "ar", "korean": "ko", "tagalog": "tl", "haitian creole": "ht", "polish": "pl", "hindi": "hi",
}  # fmt: skip
_YES = frozenset("yes y true t 1 x sí si oui ja verified".split())
_NO = frozenset("no n false f 0 non nein unverified".split())
_WHY = {
    NumberKind.WITHHELD: "there is no telephone number",
    NumberKind.INVALID: "that is no possible telephone number",
    NumberKind.EXTENSION: "the telephone number is an extension",
    NumberKind.EMERGENCY: "the telephone number is an emergency number",
}
#: What spreadsheets make of long numbers.
_FRACTION = re.compile(r"(\d+)[.,]0+")
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")


class Bad(Exception):
    """A row that cannot be taken in; the message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells of somebody; None where it tells nothing. ``number`` is E.164."""

    number: str
    first_name: str | None
    last_name: str | None
    kind: ContactKind | None
    language: str | None
    verified: bool
    external_id: str | None


def read(columns: Columns, cells: Sequence[str], region: str) -> Told:
    """What a row tells; numbers are read as in ``region``. Raises ``Bad``."""
    first, last = _names(columns, cells)
    external_id = columns.of(cells, "external_id")
    if len(external_id) > LONGEST_ID:
        raise Bad(f"the external id has more than {LONGEST_ID} characters")
    return Told(
        number=_number(columns.numbers_of(cells), region),
        first_name=first,
        last_name=last,
        kind=_kind(columns.of(cells, "kind")),
        language=language_of(columns.of(cells, "language")),
        verified=_verified(columns.of(cells, "verified")),
        external_id=external_id or None,
    )


def language_of(text: str) -> str | None:
    """``en``, ``es-MX``, from a code or a name in English or its own; None for what is no language we know of."""
    code = tag(text)
    return _LANGUAGES.get(text.casefold()) or (code if is_language(code) else None)


def _names(columns: Columns, cells: Sequence[str]) -> tuple[str | None, str | None]:
    first, last = columns.of(cells, "first_name"), columns.of(cells, "last_name")
    if not first and not last:
        first, last = _split(columns.of(cells, "name"))
    if max(len(first), len(last)) > LONGEST_NAME:
        raise Bad(f"a name has more than {LONGEST_NAME} characters")
    return first or None, last or None


def _split(name: str) -> tuple[str, str]:
    """``Doe, Jane`` and ``Jane Doe``."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.partition(" ")
    return first.strip(), last.strip()


def _number(written: Sequence[str], region: str) -> str:
    """The first that is a number; else what is wrong with the first."""
    if not written:
        raise Bad(_WHY[NumberKind.WITHHELD])
    for text in written:
        plain = _FRACTION.fullmatch(text)
        number = numbers.read(plain[1] if plain else text, region)
        if number.e164 is not None:
            return number.e164
    if _SCIENTIFIC.fullmatch(written[0]):
        raise Bad("a spreadsheet rounded the telephone number: make that column text there, and export it again")
    raise Bad(_WHY.get(numbers.read(written[0], region).kind, _WHY[NumberKind.INVALID]))


def _kind(text: str) -> ContactKind | None:
    plain = "".join(c for c in text.casefold() if c.isalnum())
    if plain and plain not in _KINDS:
        raise Bad(f"the kind is none of {', '.join(ContactKind)}")
    return _KINDS.get(plain)


def _verified(text: str) -> bool:
    """Whom a practice imports it knows, unless it says otherwise."""
    said = text.casefold()
    if said and said not in _YES | _NO:
        raise Bad("verified is neither yes nor no")
    return said not in _NO
