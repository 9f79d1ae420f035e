"""Copies of a SQLite database: made while a daemon writes, and put back in its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection

from textback.store import migrations
from textback.store.engine import StoreError, open_engine

#: What belongs to a SQLite database besides its file.
BESIDE = ("-wal", "-shm")


def backup(source: Path, target: Path, force: bool = False) -> None:
    """Copy the database ``source`` to ``target``, as it is at one moment; nobody who writes waits for it.

    The copy is whole and on the disk before it has its name, only its owner can read it, and it has nothing in it that
    was deleted. Raises ``StoreError``; a file that is there is left alone, unless ``force``.
    """
    refuse_existing(target, force)
    with whole(target) as part:
        _copy(source, part)
        _prove(part)
        publish(part, target, force)


def restore(source: Path, target: Path, mark: Callable[[Connection], None], aside: str) -> Path | None:
    """Put the backup ``source`` in the place of the database ``target``, brought up to date, and told so by ``mark``.

    What was there is kept beside it, with ``aside`` after its name: gives where; None if nothing was. Raises
    ``StoreError`` where the backup is broken, no database of ours, or newer than this program: then nothing is changed.
    """
    _prove(source)
    with whole(target) as part:
        _copy(source, part)
        engine = open_engine(f"sqlite:///{part}")
        try:
            if migrations.status(engine).current is None:
                raise StoreError(f"{source} is no database of textback")
            migrations.upgrade(engine)
            with engine.begin() as connection:
                mark(connection)
        finally:
            engine.dispose()
        _flush(part)
        _keep_owner(part, target)
        kept = _set_aside(target, aside)
        os.replace(part, target)
        _sync(target.parent)
    return kept


def refuse_existing(target: Path, force: bool) -> None:
    """Raises ``StoreError`` where a copy would take another file's place."""
    if target.exists() and not force:
        raise StoreError(f"{target} is there already: name another file, or say --force")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """An empty file beside the target, for its owner only; gone afterwards unless it was given the target's name."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"{part.parent}: {error.strerror}: name a folder that this user may write to") from error
    try:
        yield part
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror or error}") from error
    finally:
        for name in (part, *_beside(part)):
            name.unlink(missing_ok=True)


def _copy(source: Path, part: Path) -> None:
    try:
        with closing(_opened(source)) as database:
            database.execute("VACUUM INTO ?", (str(part),))
    except sqlite3.Error as error:
        raise StoreError(f"{source} could not be copied: {error}") from error


def _prove(path: Path) -> None:
    try:
        with closing(_opened(path)) as database:
            said = [row[0] for row in database.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}: it is no SQLite database, or it is damaged") from error
    if said != ["ok"]:
        raise StoreError(f"{path} is damaged: {said[0]}")


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(f"there is no file {path}")
    # SQLite cannot make the files beside it that WAL needs: without them, nobody else is writing either
    is_still = not os.access(path.parent, os.W_OK) and not any(name.exists() for name in _beside(path))
    how = "mode=ro&immutable=1" if is_still else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, timeout=30.0)


def publish(part: Path, target: Path, force: bool) -> None:
    """Give what is written its name, once it is on the disk."""
    _sync(part)
    if force:
        os.replace(part, target)
    else:
        refuse_existing(target, force)
        os.rename(part, target)
    _sync(target.parent)


def _flush(path: Path) -> None:
    """All of it in the one file, which can then be given another name."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
    _sync(path)


def _keep_owner(part: Path, target: Path) -> None:
    """Root may put back what another user's daemon must be able to open."""
    like = (target if target.exists() else target.parent).stat()
    if os.geteuid() == 0:
        os.chown(part, like.st_uid, like.st_gid)


def _set_aside(target: Path, aside: str) -> Path | None:
    if not target.exists():
        return None
    kept = target.with_name(target.name + aside)
    refuse_existing(kept, force=False)
    with suppress(sqlite3.Error):  # a database that is broken, or that somebody has open, stays in several files
        _flush(target)
    if not any(name.exists() for name in _beside(target)):
        with suppress(OSError):  # not every file system has links
            os.link(target, kept)
            return kept  # so that there is a database at any time, whenever this is killed
    for name, new in zip((target, *_beside(target)), (kept, *_beside(kept)), strict=True):
        with suppress(FileNotFoundError):
            os.rename(name, new)
    return kept


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in BESIDE]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
