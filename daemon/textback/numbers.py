"""Reads what a PBX or a person calls a phone number: E.164, its kind, its region, its mask for logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

LONGEST = 40  # characters; a SIP user part may be anything, a written number is not
LONGEST_EXTENSION = 6
WITHHELD_WORDS = frozenset(
    "anonymous blocked hidden none null private restricted unavailable unknown withheld".split()
    + ["number withheld", "private number", "not available", "unknown number", "n/a"]
)
#: the host of a SIP From that hides who calls (RFC 3323)
_NO_HOST = "anonymous.invalid"
#: "anonymous", "restricted", "unavailable" on a keypad: what switches send where a number must be digits
WITHHELD_DIGITS = frozenset({"266696687", "7378742833", "86282452253"})

_WRITTEN = re.compile(r"\+?(?=[^;]*[0-9])[0-9 ().\-/\u00a0\u2010-\u2015]+(;ext=[0-9]{1,8})?")
_NOT_A_DIGIT = re.compile(r"[^0-9]")
#: a number within other words; digits that are a part of an id (main/1793563200.12, a UUID) are none
_AMONG_WORDS = re.compile(r"(?<![\w/.+-])\+?[0-9]{7,15}(?![0-9]|\.?\w|-\w)")
_NANP = 1
#: with the calling code
_NANP_DIGITS = 11
_NANP_TOLL_FREE = re.compile(r"8(?:00|22|33|44|55|66|77|8[0-9])")


class NumberKind(StrEnum):
    """What a number is, as far as it matters for texting it."""

    WITHHELD = "withheld"
    INVALID = "invalid"
    EXTENSION = "extension"
    EMERGENCY = "emergency"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as read; ``e164`` only where it is a possible one (ITU-T E.164), the rest only then."""

    e164: str | None
    kind: NumberKind
    region: str | None = None
    calling_code: int | None = None


def read(text: str | None, region: str) -> Number:
    """Reads ``text`` as it is dialled or shown in ``region`` (ISO 3166); never raises.

    A number need only be possible, not assigned; ``region`` of the result is None where it can't be told.
    """
    words = (text or "").strip()
    if words.strip("<>\"' ").lower() in WITHHELD_WORDS or not words.strip("<>\"' "):
        return Number(None, NumberKind.WITHHELD)
    if len(words) > LONGEST or not _WRITTEN.fullmatch(words):
        return Number(None, NumberKind.INVALID)
    return _read_written(words, region)


def is_nobody(user: str | None, host: str | None) -> bool:
    """Whether user and host of a SIP From hide who calls, whatever number stands elsewhere (RFC 3323, 4.1.1.3)."""
    return (host or "").lower() == _NO_HOST or (user or "").lower() in WITHHELD_WORDS


def dialled(request_user: str | None, destination: str | None) -> str | None:
    """The number that was dialled on a FreeSWITCH, though the caller may have been transferred since.

    ``request_user`` (sip_req_user), which no transfer changes, is ``gw+NAME`` where a gateway has registered (sofia.c).
    """
    named = request_user and not request_user.startswith("gw+")
    return (request_user if named else destination) or None


@dataclass(frozen=True, slots=True)
class Masked:
    """A number on its way to the log, which shows it whole only where ``log_numbers`` says so."""

    number: str | None

    def __str__(self) -> str:
        return mask(self.number)


def calling_code(region: str) -> int:
    """The calling code of a region (ITU-T E.164), 0 if there is none: US -> 1."""
    return phonenumbers.country_code_for_region(region)


def mask(number: str | None) -> str:
    """``number`` as logs may show it: ``+1202•••0143``; at least three digits are hidden."""
    if not number:
        return "withheld"
    if len(number) > LONGEST or not _WRITTEN.fullmatch(number) or len(number) < 7:
        return "•••"
    head = 5 if len(number) >= 12 else 3 if len(number) >= 10 else 0
    return f"{number[:head]}•••{number[-4:] if head else number[-2:]}"


def masked(text: str) -> str:
    """``text`` with every number in it as logs may show it."""
    return _AMONG_WORDS.sub(lambda found: mask(found[0]), text)


@lru_cache(maxsize=4096)
def _read_written(words: str, region: str) -> Number:
    digits = _NOT_A_DIGIT.sub("", words.partition(";")[0])
    if _is_placeholder(digits):
        return Number(None, NumberKind.WITHHELD)
    if not words.startswith("+") and phonenumbers.is_emergency_number(digits, region):
        return Number(None, NumberKind.EMERGENCY)
    parsed = _possible(words, region) or _possible_after_00(digits, region)
    if not words.startswith("+") and len(digits) <= LONGEST_EXTENSION and not _in_the_plan(parsed):
        return Number(None, NumberKind.EXTENSION)
    if parsed is None:
        return Number(None, NumberKind.INVALID)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164, _kind(parsed), _region(parsed, region), parsed.country_code)


def _is_placeholder(digits: str) -> bool:
    """Whether these digits stand where no number is told, with the country's own before them or without."""
    bare = digits[1:] if len(digits) == _NANP_DIGITS and digits.startswith(str(_NANP)) else digits
    return not bare.strip("0") or bare in WITHHELD_DIGITS


def _possible(words: str, region: str) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(words, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return parsed if reason == ValidationResult.IS_POSSIBLE else None


def _possible_after_00(digits: str, region: str) -> PhoneNumber | None:
    """Trunks write the international prefix as 00 in countries, too, that dial another one."""
    return _possible("+" + digits[2:], region) if digits.startswith("00") else None


def _in_the_plan(parsed: PhoneNumber | None) -> bool:
    """Some plans call any four digits possible; that few are a number only if the plan lists them."""
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _kind(parsed: PhoneNumber) -> NumberKind:
    if parsed.country_code == _NANP:
        area = phonenumbers.national_significant_number(parsed)[:3]
        if _NANP_TOLL_FREE.fullmatch(area):
            return NumberKind.TOLL_FREE
        return NumberKind.PREMIUM if area == "900" else NumberKind.ORDINARY
    kinds = {PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE, PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM}
    return kinds.get(phonenumbers.number_type(parsed), NumberKind.ORDINARY)


def _region(parsed: PhoneNumber, own: str) -> str | None:
    # Most callers are from where the practice is, and asking for one region is 20 times faster than for all.
    if phonenumbers.is_valid_number_for_region(parsed, own):
        return own
    region = phonenumbers.region_code_for_number(parsed)
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region


def is_region(code: str) -> bool:
    """Whether ``code`` is a country or territory of ISO 3166 that has telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS
