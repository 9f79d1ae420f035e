from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import Engine, text

from tests.practices import document, practice
from textback.doctor.database import examine_database, examine_practices
from textback.doctor.finding import SHELL
from textback.store import migrations, practices
from textback.store.engine import open_engine

from .house import failures, statuses


def test_a_database_at_head_gives_its_practices(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        practices.put(connection, "Riverside", document(), "test", time.time())
    found, stored = examine_database(database_url)
    assert statuses(found) == {"database": "ok"} and [one.name for one in stored] == ["Riverside"]


def test_one_without_tables_is_to_be_upgraded(fresh_url: str) -> None:
    found, stored = examine_database(fresh_url)
    (finding,) = failures(found)
    assert (finding.lines, finding.file, stored) == (("textback db upgrade",), SHELL, ())


def test_one_of_a_newer_program_is_not_touched(fresh_url: str) -> None:
    engine = open_engine(fresh_url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
        connection.execute(text("UPDATE series SET oldest = 'from_the_future'"))
    engine.dispose()
    assert "does not know" in failures(examine_database(fresh_url)[0])[0].message


def test_one_that_cannot_be_reached_fails_without_its_password(tmp_path: Path) -> None:
    found, stored = examine_database("postgresql://textback:hush@127.0.0.1:1/textback")
    assert len(failures(found)) == 1 and stored == () and "hush" not in repr(found)


def test_looking_makes_no_file(tmp_path: Path) -> None:
    examine_database(f"sqlite:///{tmp_path}/textback.db")
    assert list(tmp_path.iterdir()) == []


def test_practices_say_what_is_odd_about_them() -> None:
    assert statuses(examine_practices([practice()])) == {"practices": "ok"}
    odd = list(examine_practices([practice(practice__mode="test", practice__test_numbers=["+12025550143"])]))
    assert ["is in test mode" in finding.message for finding in odd] == [True]
    assert statuses(examine_practices([])) == {"practices": "failed"}


def test_of_several_practices_one_should_take_the_rest() -> None:
    two = [practice(practice__default=False), practice(practice__default=False, practice__name="Grove")]
    messages = [finding.message for finding in examine_practices(two)]
    assert any("no practice has default" in message for message in messages)
