"""A PostgreSQL that can be stopped, killed, frozen, locked, made slow, read-only, full, or be out of reach."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.daemon import prepare
from tests.servers import Postgresql

T = TypeVar("T")


class Served(Postgresql):
    """A server whose processes can be told something all at once."""

    def tell(self, number: signal.Signals) -> None:
        """To the server, and to each of those who serve its clients."""
        if self._process is None:
            return
        for pid in [self._process.pid, *_children(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


SOCKET = ".s.PGSQL.5432"

_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
#: what a server says when its disk is full (SQLSTATE 53100)
_FULL = """
CREATE OR REPLACE FUNCTION soak_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100';
END $$
"""
_TABLES = ("calls", "messages")


class Store:
    """``url`` is what the daemons are told; ``engine`` is the harness's own."""

    def __init__(self, settings: dict[str, object]) -> None:
        self._server = Served()
        self._settings = settings
        self.url = ""
        self.engine: Engine

    async def start(self) -> None:
        """A migrated database with a practice."""
        await asyncio.to_thread(self._server.start)
        self._database = self._server.database()
        self.url = await asyncio.to_thread(self._database.__enter__)
        self.engine = await asyncio.to_thread(lambda: prepare(self.url, **self._settings))

    async def remove(self) -> None:
        """Nothing is left of it."""
        self._server.tell(signal.SIGCONT)
        self.engine.dispose()
        await asyncio.to_thread(self._server.remove)

    async def ask(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds; raises what the database raises."""

        def job() -> T:
            with self.engine.begin() as connection:
                return look(connection)

        return await asyncio.to_thread(job)

    # -- what can happen to it --------------------------------------------------------------------------

    async def cut(self, seconds: float) -> None:
        """Connections break; new ones are taken."""
        await self._do(_OTHERS)

    async def gone(self, seconds: float) -> None:
        """Nobody can connect, and whoever was is not any more."""
        there, away = self._server.home / SOCKET, self._server.home / "away"

        def go() -> None:
            with self.engine.connect() as connection:
                there.rename(away)
                connection.execute(text(_OTHERS))

        await asyncio.to_thread(go)
        await asyncio.sleep(seconds)
        away.rename(there)
        self.engine.dispose()

    async def hang(self, seconds: float) -> None:
        """Nothing comes back, nothing ends."""
        self._server.tell(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._server.tell(signal.SIGCONT)

    async def slow(self, seconds: float) -> None:
        """Every word takes its time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self.hang(0.06)
            await asyncio.sleep(0.02)

    async def stopped(self, seconds: float) -> None:
        """The server is stopped in order, and started again."""
        await self._away(seconds, signal.SIGINT)

    async def killed(self, seconds: float) -> None:
        """The server dies, and recovers when it is started again."""
        await self._away(seconds, signal.SIGQUIT)

    async def locked(self, seconds: float) -> None:
        """A stranger holds locks on what the daemon writes."""

        def hold() -> None:
            with suppress(SQLAlchemyError), self.engine.begin() as connection:
                connection.execute(text("LOCK TABLE calls, messages IN EXCLUSIVE MODE"))
                time.sleep(seconds)  # a lock lasts as long as its transaction

        await asyncio.to_thread(hold)

    async def read_only(self, seconds: float) -> None:
        """The database takes no writes."""
        name = self.engine.url.database
        await self._do(f"ALTER DATABASE {name} SET default_transaction_read_only = on", _OTHERS)
        await asyncio.sleep(seconds)
        writes = "SET default_transaction_read_only = off"
        await self._do(writes, f"ALTER DATABASE {name} RESET default_transaction_read_only", _OTHERS)

    async def full(self, seconds: float) -> None:
        """Its disk is full."""
        whenever = "BEFORE INSERT OR UPDATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION soak_is_full()"
        await self._do(_FULL, *(f"CREATE TRIGGER soak_full {whenever.format(table)}" for table in _TABLES))
        await asyncio.sleep(seconds)
        await self._do(*(f"DROP TRIGGER soak_full ON {table}" for table in _TABLES))

    async def _away(self, seconds: float, how: signal.Signals) -> None:
        self._server.end = how
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)
        self.engine.dispose()

    async def _do(self, *statements: str) -> None:
        def job() -> None:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for statement in statements:
                    connection.execute(text(statement))

        await asyncio.to_thread(job)
        self.engine.dispose()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []  # it is gone
