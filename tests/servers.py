"""Throw-away database servers: each in a folder of its own, on a socket there, started and ended by process id."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from glob import glob
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, create_engine, delete, make_url, text
from sqlalchemy.exc import OperationalError

from textback.store import migrations
from textback.store.engine import open_engine
from textback.store.tables import metadata

#: where programs are that no PATH names; the newest version is taken
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin")
#: short, for the path of a socket must be, and open to the user whom root runs the server as
HOMES = Path("/tmp")
NOBODY = 65534
START_LIMIT = 60.0
_serial = count()


class ServerError(Exception):
    """A database server did not do what it was asked to; the message has its last words."""


def program(name: str) -> str | None:
    """Where a program is, or None."""
    folders = [os.environ.get("PATH", os.defpath)]
    for place in PLACES:
        folders += sorted(glob(place), key=_version, reverse=True)
    return shutil.which(name, path=os.pathsep.join(folders))


def _version(folder: str) -> list[int]:
    return [int(part) for part in folder.split("/") if part.isdigit()]


@cache
def shared(url: str) -> Engine:
    """One engine for a database, since each new one compiles every statement anew."""
    return open_engine(url)


class Server:
    """One server; ``create`` gives the URL of a new, empty database in it."""

    kind: str
    programs: tuple[str, ...]
    driver: str
    #: the database that is always there, how a new one is made, and what drops one that is in use
    first: str
    creation: str
    forcing = ""
    #: ends it in order; ends it if the tests are killed
    end, orphaned = signal.SIGTERM, "KILL"

    def __init__(self) -> None:
        for home in HOMES.glob("textback-server-*"):
            if not Path("/proc", home.name.split("-")[2]).exists():
                shutil.rmtree(home, ignore_errors=True)  # left by tests that were killed
        self.home = Path(tempfile.mkdtemp(prefix=f"textback-server-{os.getpid()}-", dir=HOMES))
        if os.geteuid() == 0:
            os.chown(self.home, NOBODY, NOBODY)
        self._process: subprocess.Popen[bytes] | None = None
        self._emptied: str | None = None

    @classmethod
    def missing(cls) -> str | None:
        """Says in one sentence why it cannot be run here, or None if it can."""
        for name in (*cls.programs, "setpriv"):
            if program(name) is None:
                return f"no {cls.kind} to test with: the program {name} is missing"
        if find_spec(cls.driver) is None:
            return f"no {cls.kind} to test with: the package {cls.driver} is missing"
        return None

    def prepare(self) -> list[str]:
        """The command that makes the folder of its data."""
        raise NotImplementedError

    def serve(self) -> list[str]:
        """The command that serves it."""
        raise NotImplementedError

    def url(self, database: str) -> str:
        """What ``database.url`` says for one of its databases."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts it and returns when it answers; ServerError if it does not."""
        if self._process is None and not (self.home / "data").exists():
            made = subprocess.run(_harmless(self.prepare()), cwd=self.home, capture_output=True, text=True, check=False)
            if made.returncode:
                raise ServerError(f"{self.kind}: {made.stdout[-2000:]}{made.stderr[-2000:]}")
        with open(self.home / "log", "ab") as log:
            command = _harmless(self.serve(), "--pdeathsig", self.orphaned)
            self._process = subprocess.Popen(command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        """Ends it; its data stay."""
        if self._process is None:
            return
        self._process.send_signal(self.end)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stops it for a while."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def remove(self) -> None:
        """Ends it and removes its folder."""
        self.stop()
        shutil.rmtree(self.home)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, which is gone afterwards."""
        name = f"textback_{next(_serial)}"
        self._do(self.creation.format(name=name))
        yield self.url(name)
        self._do(f"DROP DATABASE {name}{self.forcing}")

    def emptied(self) -> str:
        """The URL of a migrated database without rows, the same for all tests: one for each costs too much."""
        if self._emptied is None:
            self._do(self.creation.format(name="textback_shared"))
            self._emptied = self.url("textback_shared")
            migrations.upgrade(shared(self._emptied))
        with shared(self._emptied).begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
        return self._emptied

    def _do(self, statement: str) -> None:
        engine = self._first()
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _first(self) -> Engine:
        url = make_url(open_engine(self.url(self.first)).url)
        return create_engine(url, isolation_level="AUTOCOMMIT")

    def _wait(self) -> None:
        process, deadline = self._process, time.monotonic() + START_LIMIT
        assert process is not None
        while process.poll() is None and time.monotonic() < deadline:
            try:
                return self._do("SELECT 1")
            except OperationalError:
                time.sleep(0.02)
        self.stop()
        raise ServerError(f"{self.kind} did not start:\n{(self.home / 'log').read_text(errors='replace')[-3000:]}")


class Postgresql(Server):
    """A PostgreSQL, of the newest version found."""

    kind = "postgresql"
    programs = ("initdb", "postgres")
    driver = "psycopg"
    first = "postgres"
    creation = "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"
    forcing = " WITH (FORCE)"
    end, orphaned = signal.SIGINT, "QUIT"

    def prepare(self) -> list[str]:
        """No disk is waited for: nothing here outlives the tests."""
        options = ["--username=textback", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        return [*_found("initdb"), f"--pgdata={self.home}/data", *options]

    def serve(self) -> list[str]:
        """A test that waits for a lock fails instead of hanging."""
        settings = {"listen_addresses": "", "unix_socket_directories": self.home, "shared_buffers": "32MB"}
        settings |= {"fsync": "off", "full_page_writes": "off", "lock_timeout": "20s"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [*_found("postgres"), "-D", f"{self.home}/data", *options]

    def url(self, database: str) -> str:
        return f"postgresql://textback@/{database}?host={self.home}"


class Mariadb(Server):
    """A MariaDB with its makers' own defaults: no configuration of the machine's is read."""

    kind = "mariadb"
    programs = ("mariadb-install-db", "mariadbd")
    driver = "pymysql"
    first = "mysql"
    creation = "CREATE DATABASE {name} CHARACTER SET utf8mb4"

    def prepare(self) -> list[str]:
        """Without the database that everybody may write to."""
        options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        return [*_found("mariadb-install-db"), *options, f"--datadir={self.home}/data"]

    def serve(self) -> list[str]:
        """A test that waits for a lock fails instead of hanging."""
        files = [f"--datadir={self.home}/data", f"--socket={self.home}/socket", f"--pid-file={self.home}/pid"]
        quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-innodb-doublewrite"]
        locks = ["--innodb-lock-wait-timeout=20", "--lock-wait-timeout=20"]
        return [*_found("mariadbd"), "--no-defaults", "--skip-networking", *files, *quick, *locks]

    def url(self, database: str) -> str:
        return f"mariadb://root@localhost/{database}?unix_socket={self.home}/socket"


def _found(name: str) -> list[str]:
    return [program(name) or name]


def _harmless(command: list[str], *options: str) -> list[str]:
    """The command as nobody, if it would be root's: neither server wants to be."""
    if os.geteuid() == 0:
        options += (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ["setpriv", *options, *command] if options else command
