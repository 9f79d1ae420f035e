"""A stranger who takes the database's write lock now and then, and on a server cuts a connection."""

from __future__ import annotations

import random
import threading

from sqlalchemy import Connection, text

from textback.store.engine import open_engine


class Stranger:
    """Holds the lock for at most ``longest`` seconds, then leaves the database alone for up to twice as long."""

    def __init__(self, url: str, seed: int, longest: float = 2.0) -> None:
        self.locks = self.cuts = 0
        self._engine = open_engine(url, busy_timeout=60.0)
        self._longest = longest
        self._chance = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stranger", daemon=True)

    def __enter__(self) -> Stranger:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(3 * self._longest + 60.0)
        self._engine.dispose()

    def _run(self) -> None:
        while not self._stop.wait(self._chance.uniform(0, 2 * self._longest)):
            with self._engine.begin() as connection:  # on SQLite this is BEGIN IMMEDIATE
                if self._engine.dialect.name == "postgresql":
                    self._trouble_server(connection)
                self._stop.wait(self._chance.uniform(0, self._longest))
                self.locks += 1

    def _trouble_server(self, connection: Connection) -> None:
        if self._chance.random() < 0.3:
            others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            pids = connection.execute(text(f"SELECT pid {others}")).scalars().all()
            if pids:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": self._chance.choice(pids)})
                self.cuts += 1
        connection.execute(text("LOCK TABLE messages IN EXCLUSIVE MODE"))
