from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql, postgresql, sqlite

from textback.store.columns import Foreign, Instant
from textback.store.tables import optouts

MICROSECOND = 1e-6


@pytest.mark.parametrize("at", [0.0, 1763755200.0, 1763755200.123457, 1700000000.999999, -86400.5])
def test_an_instant_comes_back_to_the_microsecond(conn: Connection, at: float) -> None:
    conn.execute(optouts.insert(), {"number": "+12025550111", "at": at, "source": "test"})
    assert conn.execute(optouts.select()).one().at == pytest.approx(at, abs=MICROSECOND)


def test_instants_sort_and_compare_as_times(conn: Connection) -> None:
    times = [1763755200.0, 1763755199.999999, 1763755200.5, 5.0]
    rows = [{"number": str(i), "at": at, "source": "test"} for i, at in enumerate(times)]
    conn.execute(optouts.insert(), rows)
    query = optouts.select().where(optouts.c.at >= 1763755199.999999).order_by(optouts.c.at)
    assert [row.at for row in conn.execute(query)] == [1763755199.999999, 1763755200.0, 1763755200.5]


def test_mariadb_is_asked_for_microseconds() -> None:
    assert str(Instant().compile(dialect=mysql.dialect())) == "DATETIME(6)"
    assert str(Instant().compile(dialect=postgresql.dialect())) == "TIMESTAMP WITHOUT TIME ZONE"
    assert str(Instant().compile(dialect=sqlite.dialect())) == "DATETIME"


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises((ValueError, OverflowError)):
        Instant().process_bind_param(1e300, sqlite.dialect())


@given(st.text(alphabet=st.characters(), max_size=40))
def test_foreign_text_fits_its_column_and_every_database(text: str) -> None:
    kept = Foreign(10).process_bind_param(text, sqlite.dialect())
    assert kept is not None and len(kept) <= 10
    assert "\0" not in kept
    kept.encode("utf-8")


def test_ordinary_foreign_text_is_kept_as_it_is() -> None:
    text = "Zoë “Ñandú” 王 👍\nline"
    assert Foreign(80).process_bind_param(text, sqlite.dialect()) == text
    assert Foreign(80).process_bind_param(None, sqlite.dialect()) is None
