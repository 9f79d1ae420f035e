"""A PostgreSQL that can be stopped, killed, locked, made slow, read-only or full; daemons reach it by a wire."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.daemon import prepare
from tests.servers import HOMES, Postgresql
from tests.soak.wire import Streams, Wire

T = TypeVar("T")
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
    """``url`` is what the daemons are told; ``engine`` goes past the wire, and is the harness's own."""

    def __init__(self, settings: dict[str, object]) -> None:
        self._server = Postgresql()
        self._home = Path(tempfile.mkdtemp(prefix="textback-soak-", dir=HOMES))
        self.wire = Wire(self._reach)
        self._settings = settings
        self.url = ""
        self.engine: Engine

    async def start(self) -> None:
        """A migrated database with a practice."""
        await asyncio.to_thread(self._server.start)
        self._database = self._server.database()
        direct = await asyncio.to_thread(self._database.__enter__)
        self.engine = await asyncio.to_thread(lambda: prepare(direct, **self._settings))
        await self.wire.listen(str(self._home / SOCKET))
        self.url = direct.replace(str(self._server.home), str(self._home))

    async def remove(self) -> None:
        """Nothing is left of it."""
        await self.wire.close()
        self.engine.dispose()
        await asyncio.to_thread(self._server.remove)
        shutil.rmtree(self._home, ignore_errors=True)

    async def ask(self, look: Callable[[Connection], T]) -> T:
        """What ``look`` finds; raises what the database raises."""

        def job() -> T:
            with self.engine.begin() as connection:
                return look(connection)

        return await asyncio.to_thread(job)

    async def _reach(self) -> Streams:
        return await asyncio.open_unix_connection(str(self._server.home / SOCKET))

    # -- what can happen to it --------------------------------------------------------------------------

    async def cut(self, seconds: float) -> None:
        """Connections break; new ones are taken."""
        self.wire.cut()

    async def gone(self, seconds: float) -> None:
        """Nobody can connect."""
        self.wire.is_refusing = True
        self.wire.cut()
        await asyncio.sleep(seconds)
        self.wire.is_refusing = False

    async def hang(self, seconds: float) -> None:
        """Nothing comes back, nothing ends."""
        self.wire.stall()
        await asyncio.sleep(seconds)
        self.wire.flow()

    async def slow(self, seconds: float) -> None:
        """Every word takes its time."""
        self.wire.delay = 0.03
        await asyncio.sleep(seconds)
        self.wire.delay = 0.0

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
