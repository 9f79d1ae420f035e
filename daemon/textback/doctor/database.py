"""Whether the database can be reached and has the tables of this program, and what its practices want that is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

from textback.book import PracticeBook
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.practice import Practice
from textback.store import migrations
from textback.store.engine import StoreError, file_of, open_engine, reading
from textback.store.faults import describe

_UPGRADE = ("textback db upgrade",)


def examine_database(url: str) -> tuple[list[Finding], tuple[Practice, ...]]:
    """What is to be said of it, and the practices that stand in it. Nothing is written there."""
    try:
        return _look(url)
    except StoreError as error:
        lines = ('url = "sqlite:////var/lib/textback/textback.db"',)
        return [failed("database", str(error), lines, "textback.toml, [database]")], ()
    except SQLAlchemyError as error:
        return [failed("database", f"the database failed: {describe(error)}", ("textback db status",), SHELL)], ()


def examine_practices(practices: Sequence[Practice]) -> Iterator[Finding]:
    """What the practices themselves warn of."""
    if not practices:
        says = "there is no practice yet, so nobody is texted"
        yield failed("practices", says, ("textback practice apply practice.toml",), SHELL)
        return
    told = 0
    for practice in practices:
        for text in practice.warnings():
            told += 1
            yield warning("practices", f"{practice.name}: {text}")
        if practice.mode == "test":
            told += 1
            yield warning("practices", f"{practice.name} is in test mode: only its test_numbers get texts", (
                'mode = "live"',), f"the practice file of {practice.name}, [practice]")  # fmt: skip
    if len(practices) > 1 and not any(practice.default for practice in practices):
        told += 1
        yield warning("practices", "no practice has default = true: calls that no queue or DID assigns are not texted")
    if not told:
        yield ok("practices", f"{', '.join(practice.name for practice in practices)}: nothing odd")


def _look(url: str) -> tuple[list[Finding], tuple[Practice, ...]]:
    engine = open_engine(url, looking=True)
    try:
        path = file_of(engine)
        if path is None and engine.dialect.name == "sqlite":
            return [skipped("database", "the database is in memory, so nothing is kept")], ()
        if path is not None and not path.exists():
            return [failed("database", f"there is no {path} yet", _UPGRADE, SHELL)], ()
        status = migrations.status(engine)
        if status.newer:
            says = f"it is at revision {status.current}, which this textback does not know"
            return [failed("database", f"{says}: use the newer version that made it")], ()
        if not status.at_head:
            return [failed("database", "it is not at the newest schema", _UPGRADE, SHELL)], ()
        with reading(engine) as connection:
            return [ok("database", "it is at the newest schema")], PracticeBook()(connection).practices
    finally:
        engine.dispose()
