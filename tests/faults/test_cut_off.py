"""kill -9 in the midst of an upgrade: the next one does the rest, and no row is lost, on every kind of database."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, func, inspect, select

from tests.test_sql import REVISIONS, ROWS, leave_at
from textback.store import migrations
from textback.store.engine import open_engine, reading
from textback.store.tables import metadata

_fork = multiprocessing.get_context("spawn")


def upgrade_and_die(url: str, at: int) -> None:
    """The process kills itself once so many statements that change something were carried out."""
    engine, done = open_engine(url), 0

    def count(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal done
        done += statement.split()[0].upper() in ("CREATE", "ALTER", "DROP", "UPDATE", "INSERT")
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "after_cursor_execute", count)
    migrations.upgrade(engine)


@pytest.fixture
def fresh(fresh_url: str) -> Iterator[Engine]:
    engine = open_engine(fresh_url)
    yield engine
    engine.dispose()


def died(engine: Engine, at: int) -> bool:
    engine.dispose()
    url = engine.url.render_as_string(hide_password=False)
    process = _fork.Process(target=upgrade_and_die, args=(url, at))
    process.start()
    process.join(120)
    return process.exitcode == -signal.SIGKILL


def is_right(engine: Engine) -> bool:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata) == [] and "missed_call_log" in inspect(engine).get_view_names()


@pytest.mark.slow
def test_an_upgrade_goes_on_wherever_it_was_cut_off(fresh: Engine) -> None:
    leave_at(fresh, REVISIONS[0])
    deaths = 0
    # again and again, each time further on: a database that takes all of it back begins anew
    for at in (2, 7, 15, 24, 34):
        deaths += died(fresh, at)
    assert deaths >= 3
    migrations.upgrade(fresh)
    assert migrations.status(fresh).at_head and is_right(fresh)
    with reading(fresh) as connection:
        for table in ROWS:
            assert connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar() == 1
        versions = select(func.count()).select_from(metadata.tables["practice_versions"])
        assert connection.execute(versions).scalar() == 1


@pytest.mark.slow
@pytest.mark.parametrize("at", [3, 17])
def test_the_first_one_too(fresh: Engine, at: int) -> None:
    assert died(fresh, at)
    migrations.upgrade(fresh)
    assert migrations.status(fresh).at_head and is_right(fresh)


def test_views_that_were_not_made_any_more_are_made_by_the_next_one(fresh: Engine) -> None:
    migrations.upgrade(fresh)
    if fresh.dialect.name == "mariadb":  # elsewhere the tables are committed with them, or not at all
        with fresh.begin() as connection:
            migrations.views().drop(connection)
        assert migrations.upgrade(fresh) == []
    assert is_right(fresh)
