"""Daemons of two versions on one database, while it is upgraded: what the newer one adds does not disturb the older."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Engine, Integer, String

from tests.world import World, until, world
from textback.demo.queue_calls import waits_and_gives_up
from textback.store import migrations
from textback.store.engine import StoreError, open_engine
from textback.store.tables import metadata

#: a migration that this program does not know
NEWER = "9999"


def become_newer(engine: Engine, oldest: str) -> None:
    """Do to every table what a migration may do while older programs of the same series are at work."""
    with engine.begin() as connection:
        change = Operations(MigrationContext.configure(connection))
        for table in metadata.sorted_tables:
            change.add_column(table.name, Column("added", Integer()))
            change.add_column(table.name, Column("preset", String(8), nullable=False, server_default="new"))
        change.create_table("added", Column("id", Integer, primary_key=True))
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{NEWER}'")
        connection.exec_driver_sql(f"UPDATE series SET oldest = '{oldest}'")


async def call(w: World, calls: int) -> None:
    await w.call(waits_and_gives_up(20.0), number=f"1202555010{calls}")
    w.now += 15
    await until(lambda: len(w.twilio.posts) == calls)
    await until(lambda: [text["status"] for text in w.texts()] == ["sent"] * calls)


def test_a_daemon_goes_on_while_a_newer_one_changes_the_tables_and_can_be_started_again(
    tmp_path: Path, fresh_url: str
) -> None:
    async def story() -> None:
        async with world(tmp_path, url=fresh_url) as w:
            engine = open_engine(fresh_url)
            async with w.daemon():
                await call(w, 1)
                become_newer(engine, oldest=migrations.OLDEST)
                await call(w, 2)
            async with w.daemon():
                await call(w, 3)
            engine.dispose()

    asyncio.run(story())


def test_a_daemon_that_may_not_work_beside_a_newer_one_does_not_start(tmp_path: Path, fresh_url: str) -> None:
    async def story() -> None:
        async with world(tmp_path, url=fresh_url) as w:
            engine = open_engine(fresh_url)
            become_newer(engine, oldest=NEWER)
            with pytest.raises(StoreError, match=f"revision {NEWER}, which this textback does not know"):
                async with w.daemon():
                    pass
            engine.dispose()

    asyncio.run(story())
