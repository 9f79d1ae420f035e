"""The table of a PBX's database that holds a record: reflected as it is, read in order of time, never written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, MetaData, RowMapping, Select, Table, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchTableError, SQLAlchemyError

from textback.pbx.errors import RecordsError
from textback.store.engine import StoreError, file_of, open_engine, reading

#: seconds; no wall clock is further from UTC
_FURTHEST = 15 * 3600.0


def is_url(source: str) -> bool:
    """Whether that names a database and no file."""
    return "://" in source


def where(source: str, table: str) -> str:
    """A record as messages may name it: without the password that a URL may hold."""
    return RecordTable(source, table, ()).where if is_url(source) else source


class RecordTable:
    """One table at a database URL; ``?table=name`` in the URL names another one than the usual.

    The URL may hold a password: no message shows more of it than host and database.
    """

    #: rows that are in memory at once
    chunk = 2000

    def __init__(self, url: str, table: str, time: tuple[str, ...]) -> None:
        """``time``: the names that the column of the time may have."""
        self._time_names = time
        self._name = table
        try:
            parsed = make_url(url)
            self._url = parsed.difference_update_query(["table"])
            self._name = str(parsed.query.get("table", table))
        except ArgumentError:
            raise RecordsError("the URL of a PBX's database cannot be read") from None

    def rows(self, since: float) -> Iterator[RowMapping]:
        """Every row of ``since`` (epoch seconds) or later, and some earlier ones, oldest first."""
        try:
            with _opened(self._url) as connection:
                table = Table(self._name, MetaData(), autoload_with=connection, resolve_fks=False)
                yield from self._select(connection, table, since)
        except NoSuchTableError:
            raise RecordsError(f"{self.where}: there is no table {self._name}") from None
        except StoreError as error:
            raise RecordsError(f"{self.where}: {error}") from None
        except SQLAlchemyError as error:
            raise RecordsError(f"{self.where}: cannot be read ({type(error).__name__})") from None

    @property
    def where(self) -> str:
        """Which table that is, without what must not be shown."""
        place = self._url.host or "local"
        return f"{self._name} in {self._url.database} on {place}"

    def _select(self, connection: Connection, table: Table, since: float) -> Iterator[RowMapping]:
        time = next((table.c[name] for name in self._time_names if name in table.c), None)
        if time is None:
            raise RecordsError(f"{self.where}: there is no column {self._time_names[0]}")
        order = [time, *(table.c[name] for name in ("sequence", "id") if name in table.c)]
        query = self._query(connection, table).order_by(*order)
        sample = connection.execute(select(time).where(time.is_not(None)).limit(1)).scalar()
        earliest = _like(sample, since)
        if earliest is not None:
            query = query.where(time >= earliest)
        yield from connection.execution_options(stream_results=True, yield_per=self.chunk).execute(query).mappings()

    def _query(self, connection: Connection, table: Table) -> Select[Any]:
        """What is asked for of each row."""
        return select(table)

    @staticmethod
    def named(row: RowMapping, *names: str) -> Any:
        """The first of these columns that the table has; None if it has none."""
        return next((row[name] for name in names if name in row), None)


def _like(sample: Any, since: float) -> Any:
    """``since`` as that column writes it, earlier by what any zone may differ."""
    if since <= _FURTHEST or sample is None:
        return None
    if isinstance(sample, int | float | Decimal):
        return type(sample)(int(since))
    early = datetime.fromtimestamp(since - _FURTHEST, UTC)
    if isinstance(sample, datetime):
        return early if sample.tzinfo else early.replace(tzinfo=None)
    text = str(sample)
    return str(int(since)) if text[:10].isdigit() else early.strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def _opened(url: URL) -> Iterator[Connection]:
    engine = open_engine(url.render_as_string(hide_password=False), looking=True)
    file = file_of(engine)
    try:
        if file is not None and not file.exists():
            raise StoreError("there is no such file")
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def text(value: object) -> str:
    """A value as text; nothing is ''."""
    return "" if value is None else str(value)
