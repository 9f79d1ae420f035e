"""Copies of a database on a server, by the programs that come with it; a password is never on a command line."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import URL

from textback.store.engine import StoreError

_POSTGRESQL = "postgresql"
#: Each program by its names, the newer first.
_DUMP = {_POSTGRESQL: ("pg_dump",), "mysql": ("mariadb-dump", "mysqldump")}
_LOAD = {_POSTGRESQL: ("pg_restore",), "mysql": ("mariadb", "mysql")}
_PACKAGES = {_POSTGRESQL: "postgresql-client", "mysql": "mariadb-client"}


def dump(url: URL, part: Path) -> None:
    """Write the database to a file, as it is at one moment; raises ``StoreError``."""
    kind = _kind(url)
    if kind == _POSTGRESQL:
        _run(url, _DUMP[kind], [*_place(url), "--format=custom", "--no-owner", f"--file={part}"])
    else:
        _run(url, _DUMP[kind], [*_place(url), "--single-transaction", "--quick", f"--result-file={part}", *_name(url)])


def load(engine: Engine, source: Path) -> None:
    """Put what ``dump`` wrote in the place of all that is in the database; raises ``StoreError``.

    PostgreSQL does so wholly or not at all; MariaDB may be cut off, and then it must be done again.
    """
    url = engine.url
    if _kind(url) == _POSTGRESQL:
        how = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
        _run(url, _LOAD[_POSTGRESQL], [*_place(url), f"--dbname={url.database}", *how, str(source)])
        return
    with source.open("rb", buffering=0) as told:  # the program goes on where we stopped reading
        if not told.read(2000).count(b"-- "):
            raise StoreError(f"{source} is no copy of a MariaDB database")
        told.seek(0)
        _empty(engine)
        _run(url, _LOAD["mysql"], [*_place(url), *_name(url)], told.fileno())


def _empty(engine: Engine) -> None:
    """What a newer version has made would otherwise stay beside the older tables."""
    found, quote = inspect(engine), engine.dialect.identifier_preparer.quote
    with engine.begin() as connection:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
        for view in found.get_view_names():
            connection.execute(text(f"DROP VIEW {quote(view)}"))
        for table in found.get_table_names():
            connection.execute(text(f"DROP TABLE {quote(table)}"))
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))


def _kind(url: URL) -> str:
    return _POSTGRESQL if url.get_backend_name() == _POSTGRESQL else "mysql"


def _place(url: URL) -> list[str]:
    """How the program reaches the server; a socket is a folder to the one, and a file to the other."""
    socket = url.query.get("host" if _kind(url) == _POSTGRESQL else "unix_socket")
    told = {"host": url.host, "port": url.port, ("user" if _kind(url) != _POSTGRESQL else "username"): url.username}
    if socket:
        told["host" if _kind(url) == _POSTGRESQL else "socket"] = str(socket)
    return [f"--{name}={value}" for name, value in told.items() if value]


def _name(url: URL) -> list[str]:
    return [str(url.database)]


def _run(url: URL, names: Sequence[str], options: Sequence[str], told: int | None = None) -> None:
    if names == _DUMP[_POSTGRESQL]:
        options = [*options, *_name(url)]
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        by_hand = shlex.join([names[0], *options])
        raise StoreError(f"{names[0]} is missing: install {_PACKAGES[_kind(url)]}, or say where it is: {by_hand}")
    with _password(url) as (first, environment):
        command, given = [program, *first, *options], subprocess.DEVNULL if told is None else told
        done = subprocess.run(command, stdin=given, capture_output=True, env=environment, check=False)
    if done.returncode:
        raise StoreError(f"{names[0]} failed: {_first_error(done.stderr) or f'it ended with {done.returncode}'}")


def _first_error(told: bytes) -> str:
    """What went wrong, without the statements that some programs repeat: they have values in them."""
    lines = [line.strip() for line in told.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines
    return errors[0][:300] if errors else ""


@contextmanager
def _password(url: URL) -> Iterator[tuple[list[str], dict[str, str]]]:
    """What tells the program the password: a file that only this user can read, which is gone afterwards."""
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="textback-") as folder:  # its mode is 0700
        file = Path(folder, "password")
        if _kind(url) == _POSTGRESQL:
            escaped = (url.password or "").replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"*:*:*:*:{escaped}\n")
            file.chmod(0o600)
            yield [], environment | {"PGPASSFILE": str(file)}
        else:
            escaped = (url.password or "").replace("\\", "\\\\").replace('"', '\\"')
            file.write_text(f'[client]\npassword="{escaped}"\n' if url.password else "[client]\n")
            yield [f"--defaults-extra-file={file}"], environment
