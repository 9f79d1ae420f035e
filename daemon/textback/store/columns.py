"""The kinds of column that SQLAlchemy lacks: instants as epoch seconds, text by a stranger, many small numbers."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, String
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine


def _write_iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(" ", "microseconds")


def _read_iso(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class _SqliteInstant(sqlite.DATETIME):
    """SQLAlchemy's own storage format, written in a third of its time."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        return _write_iso

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        return _read_iso


class Instant(TypeDecorator[float]):
    """Seconds since the epoch in Python, a UTC timestamp with microseconds in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Ask MariaDB for microseconds, which it would otherwise cut off."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_SqliteInstant())  # type: ignore[no-untyped-call]
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> datetime | None:
        """Epoch seconds to naive UTC; raises ``ValueError`` or ``OverflowError`` for what is no time."""
        if value is None:
            return None
        return datetime.fromtimestamp(value, timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> float | None:
        """Naive UTC to epoch seconds."""
        return None if value is None else value.replace(tzinfo=timezone.utc).timestamp()


def storable(text: str) -> str:
    """NUL, which PostgreSQL refuses, becomes U+FFFD, and a lone surrogate, which no driver takes, ``?``."""
    if text.isprintable():
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Foreign(TypeDecorator[str]):
    """Text from a PBX or a phone: cut to the column, without the characters that some database refuses."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What every database takes of it."""
        return None if value is None else storable(value)[: self.length]


class Numbers(TypeDecorator["array[int]"]):
    """Whole numbers from 0 to 2**32 - 1 (``array("I")``), four bytes each, the least one first, on any machine."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB's BLOB ends at 65,535 bytes."""
        return dialect.type_descriptor(mysql.MEDIUMBLOB() if dialect.name in ("mysql", "mariadb") else LargeBinary())

    def process_bind_param(self, value: array[int] | None, dialect: Dialect) -> bytes | None:
        """As bytes."""
        return None if value is None else _turned(value).tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> array[int] | None:
        """From bytes."""
        return None if value is None else _turned(array("I", value))


def _turned(numbers: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return numbers
    turned = numbers[:]
    turned.byteswap()
    return turned
