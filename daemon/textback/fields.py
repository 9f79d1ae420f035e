"""The kinds of values that the two files are made of: durations, times of day, regions, numbers, addresses."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
)

from textback import hours, numbers
from textback.languages import tag
from textback.mistakes import Expected

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST_DURATION = 366 * 86400  # seconds

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([smhd])")
_AGE = re.compile(r"([0-9]{1,5})\s*([dy])")
_AGES = {"d": 86_400.0, "y": 365.25 * 86_400.0}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Section(BaseModel):
    """A table of one of the files: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def read_duration(value: object) -> float:
    """``"30s"``, ``"2m"``, ``"4h"``, ``"1d"`` or a number, in seconds, to the millisecond."""
    seconds = math.nan
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * UNITS[match[2]]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    if not 0 <= seconds <= LONGEST_DURATION:
        raise Expected('a time such as "30s", "2m", "4h", or a number of seconds')
    return round(seconds, 3)


def read_age(value: object) -> float:
    """``"400d"`` or ``"6y"``, in seconds: how long something is kept; a year has 365.25 days."""
    if isinstance(value, str) and (match := _AGE.fullmatch(value.strip())) and int(match[1]):
        return int(match[1]) * _AGES[match[2]]
    raise Expected('a number of days or years such as "400d" or "6y"')


def write_duration(seconds: float) -> str:
    """The shortest form that ``read_duration`` reads as the same."""
    for unit, size in UNITS.items():
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def _span(value: object) -> hours.Span:
    try:
        return hours.read_span(value if isinstance(value, str) else "")
    except ValueError as wrong:
        raise Expected(str(wrong)) from None


def _span_or_off(value: object) -> hours.Span | None:
    if value is False:
        return None
    try:
        return _span(value)
    except Expected as wrong:
        raise Expected(f"false, or {wrong}") from None


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return datetime.strptime(value if isinstance(value, str) else "", "%Y-%m-%d").date()
    except ValueError:
        raise Expected('a date such as "2026-12-24"') from None


def _holidays(value: str) -> str:
    try:
        hours.holidays_of(value, 2026)
    except ValueError as wrong:
        raise Expected(str(wrong)) from None
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise Expected('a time zone such as "America/New_York"') from None
    return value


def _region(value: str) -> str:
    if not numbers.is_region(value):
        raise Expected('a country such as "US"')
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise Expected('a language such as "en"')
    return value


def _channel_language(value: str) -> str:
    if not is_language(tag(value)):
        raise Expected('a language such as "en" or "en_US"')
    return value


def is_language(text: str) -> bool:
    """Whether it is a language as a practice file has it: ``en``, ``es-MX``."""
    return bool(_LANGUAGE.fullmatch(text))


def _one_line(value: str) -> str:
    if _CONTROL.search(value) or not value.strip():
        raise Expected("text on one line")
    return value


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise Expected("an address that begins with https:// or http://")
    return value


def _texting_number(value: str, info: ValidationInfo) -> str:
    """Toll-free ones can be lines; a region that is wrong itself can't be used to read any."""
    region = (info.context or {}).get("region")
    number = numbers.read(value, region or "ZZ")
    if number.e164 and number.kind in (numbers.NumberKind.ORDINARY, numbers.NumberKind.TOLL_FREE):
        return number.e164
    if region or value.startswith("+"):
        raise Expected('a telephone number such as "+12025550100"')
    return value


def _dialled_number(value: str, info: ValidationInfo) -> str:
    """A trunk may deliver the last digits only, so short ones stand as they are."""
    if re.fullmatch(r"[0-9]{1,8}", value):
        return value
    return _texting_number(value, info)


def _number_or_prefix(value: str, info: ValidationInfo) -> str:
    prefix = value.removesuffix("*")
    region = (info.context or {}).get("region")
    whole = numbers.read(prefix, region or "ZZ").e164
    if whole and prefix == value:
        return whole
    if not _PREFIX.fullmatch(prefix):
        raise Expected('a telephone number, or a prefix such as "+1900"')
    return prefix


Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Text = Annotated[str, Strict(), Field(min_length=1, max_length=2000)]
OneLine = Annotated[str, Strict(), Field(min_length=1, max_length=255), AfterValidator(_one_line)]
Name = Annotated[str, Strict(), Field(min_length=1, max_length=100), AfterValidator(_one_line)]
Duration = Annotated[float, PlainValidator(read_duration), PlainSerializer(write_duration)]
Span = Annotated[hours.Span, PlainValidator(_span), PlainSerializer(hours.write_span)]
SpanOrOff = Annotated[
    hours.Span | None,
    PlainValidator(_span_or_off),
    PlainSerializer(lambda span: hours.write_span(span) if span else False),
]
Day = Annotated[date, PlainValidator(_day), PlainSerializer(date.isoformat)]
Holidays = Annotated[str, Strict(), AfterValidator(_holidays)]
TimeZone = Annotated[str, Strict(), AfterValidator(_timezone)]
Region = Annotated[str, Strict(), AfterValidator(_region)]
Language = Annotated[str, Strict(), AfterValidator(_language)]
ChannelLanguage = Annotated[str, Strict(), AfterValidator(_channel_language)]
WebAddress = Annotated[str, Strict(), AfterValidator(_web_address)]
TextingNumber = Annotated[str, Strict(), AfterValidator(_texting_number)]
DialledNumber = Annotated[str, Strict(), AfterValidator(_dialled_number)]
NumberOrPrefix = Annotated[str, Strict(), AfterValidator(_number_or_prefix)]
Messages = dict[Language, Text]
