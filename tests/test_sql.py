"""The migrations, the tables as the program sees them, the views and their description tell the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.dialects import mysql, postgresql, sqlite

from textback.store import calls, migrations, people, practices
from textback.store.engine import open_engine, reading
from textback.store.tables import links, messages, metadata

NOON = 1795262400.0
LINE, ANN = "+12025550100", "+12025550111"


@pytest.fixture
def fresh(fresh_url: str) -> Iterator[Engine]:
    engine = open_engine(fresh_url)
    yield engine
    engine.dispose()


def schema(connection: Connection) -> dict[str, list[str]]:
    """The parts of every CREATE statement, by the name of what it creates; their order means nothing."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'view'"
    rows = connection.exec_driver_sql(query).all()
    parts = {row.name: (part.strip(" \t)") for part in re.split(r"[,\n]", row.sql)) for row in rows}
    return {name: sorted(filter(None, told)) for name, told in parts.items()}


def test_migrating_an_empty_database_gives_exactly_the_tables_of_the_program() -> None:
    upgraded, created = open_engine("sqlite://"), open_engine("sqlite://")
    migrations.upgrade(upgraded)
    metadata.create_all(created)
    with reading(upgraded) as ours, reading(created) as theirs:
        migrated = schema(ours)
        assert migrated.pop("alembic_version")
        assert migrated == schema(theirs)


def test_alembic_finds_nothing_to_change(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_migrations_can_be_undone(fresh: Engine) -> None:
    applied = migrations.upgrade(fresh)
    with fresh.begin() as connection:
        migrations.views().drop(connection)
        command.downgrade(migrations.alembic_config(connection), "base")
    assert inspect(fresh).get_table_names() == ["alembic_version"]
    assert migrations.upgrade(fresh) == applied


def described() -> dict[str, list[str]]:
    """The columns that README.md describes, by table or view, in its order."""
    text = (Path(str(migrations.package().__path__[0])) / "README.md").read_text("utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].strip(): re.findall(r"^\| `(\w+)` \| \S", part, re.MULTILINE) for part in sections}


def test_every_table_view_and_column_is_described_in_the_readme(engine: Engine) -> None:
    found = inspect(engine)
    names = [*found.get_table_names(), *found.get_view_names()]
    there = {name: [column["name"] for column in found.get_columns(name)] for name in names}
    assert described() == there


def tell_a_story(connection: Connection) -> int:
    practices.put(connection, "Clinic", {"line": [{"name": "Front", "number": LINE}]}, "test", NOON)
    thread = people.conversation_for(connection, "Clinic", LINE, ANN, NOON)
    common: dict[str, Any] = {"conversation_id": thread, "practice": "Clinic", "segments": 1, "encoding": "GSM-7"}
    common |= {"priority": 1, "due_at": NOON}
    text = {"id": "m1", "call_id": "main/1", "direction": "out", "flow": "abandoned", "status": "delivered"}
    text |= {"to_number": ANN, "from_number": LINE, "body": "Sorry we missed you", "created_at": NOON + 95}
    reply = {"id": "m2", "call_id": None, "direction": "in", "flow": None, "status": "delivered"}
    reply |= {"to_number": LINE, "from_number": ANN, "body": "100% fine", "created_at": NOON + 200}
    connection.execute(messages.insert(), [common | text, common | reply])
    lost: dict[str, Any] = {"pbx": "main", "practice": "Clinic", "caller": ANN, "started_at": NOON}
    lost |= {"voicemail": False, "backfilled": False, "ended_at": NOON + 95, "hold_seconds": 95.0}
    lost |= {"disposition": "abandoned", "verdict": "text", "flow": "abandoned", "reason": "abandoned"}
    lost |= {"message_id": None, "conversation_id": None}
    rows = [
        lost | {"id": "main/1", "message_id": "m1", "conversation_id": thread},
        lost | {"id": "main/2", "started_at": NOON + 1, "disposition": "missed", "verdict": "skip"},
        lost | {"id": "main/3", "disposition": "answered", "verdict": "skip"},
        lost | {"id": "main/4", "disposition": None, "verdict": None, "ended_at": None},
    ]
    calls.save(connection, rows)
    return thread


def test_the_missed_call_log_tells_what_became_of_each_lost_caller(engine: Engine) -> None:
    with engine.begin() as connection:
        thread = tell_a_story(connection)
        query = "SELECT * FROM missed_call_log ORDER BY time_of_call"
        first, second = connection.exec_driver_sql(query).mappings().all()
    assert (first["call_id"], first["text_status"], first["conversation_id"]) == ("main/1", "delivered", thread)
    assert (str(first["time_of_call"])[:19], first["hold_seconds"]) == ("2026-11-21 12:00:00", 95.0)
    assert (first["practice"], first["caller"], first["verdict"]) == ("Clinic", ANN, "text")
    assert (second["call_id"], second["text_status"], second["conversation_id"]) == ("main/2", None, None)


def test_the_conversation_history_tells_both_sides(engine: Engine) -> None:
    with engine.begin() as connection:
        thread = tell_a_story(connection)
        connection.exec_driver_sql("UPDATE contacts SET first_name = 'Ann'")
        query = "SELECT conversation, contact, direction, body, call_id FROM conversation_history ORDER BY at"
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
        connection.exec_driver_sql("UPDATE contacts SET first_name = NULL")
        nameless = connection.exec_driver_sql("SELECT DISTINCT contact FROM conversation_history").scalars().all()
    assert rows == [
        (thread, "Ann", "out", "Sorry we missed you", "main/1"),
        (thread, "Ann", "in", "100% fine", None),
    ]
    assert nameless == [None]


def test_the_daily_figures_tell_who_was_recovered(engine: Engine) -> None:
    with engine.begin() as connection:
        tell_a_story(connection)
        query = text("SELECT * FROM recovery_daily")
        (before,) = connection.execute(query).mappings().all()
        connection.exec_driver_sql("UPDATE messages SET sent_at = '2026-11-21 12:01:40.000001' WHERE id = 'm1'")
        (after,) = connection.execute(query).mappings().all()
        connection.exec_driver_sql("UPDATE messages SET created_at = '2026-11-22 12:01:40.000001' WHERE id = 'm2'")
        (a_day_later,) = connection.execute(query).mappings().all()
        connection.exec_driver_sql("UPDATE messages SET created_at = '2026-11-22 12:01:40.000002' WHERE id = 'm2'")
        (too_late,) = connection.execute(query).mappings().all()
    assert (str(before["day"]), before["practice"], before["queue"]) == ("2026-11-21", "Clinic", None)
    told = {key: int(value) for key, value in before.items() if key not in ("day", "practice", "queue") and value}
    # the answered call began with the first lost one, not after it: it recovers nobody
    assert told == {"calls": 3, "answered": 1, "abandoned": 1, "missed": 1, "lost_callers": 2}
    assert [(int(row["texted"]), int(row["replied"]), int(row["recovered"])) for row in (after, a_day_later)] == [
        (1, 1, 1), (1, 1, 1),
    ]  # fmt: skip
    assert (int(too_late["texted"]), int(too_late["replied"]), int(too_late["recovered"])) == (1, 0, 0)


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect(), mysql.dialect(is_mariadb=True)])
def test_the_views_are_written_in_the_words_of_each_database(dialect: Any) -> None:
    statements = migrations.views().definitions(dialect)
    assert [text.split()[:3] for text in statements] == [
        ["CREATE", "VIEW", "missed_call_log"],
        ["CREATE", "VIEW", "conversation_history"],
        ["CREATE", "VIEW", "recovery_daily"],
    ]
    joined = "concat(" if dialect.name in ("mysql", "mariadb") else "||"
    assert joined in statements[1]
    assert not re.search(r"%|\?|:\w", "".join(statements)), "a value was left out"


AT = "2026-11-21 12:00:00.123457"
#: What the first revision could hold: one row in each table, parents first.
ROWS: dict[str, dict[str, Any]] = {
    "practices": {"name": "Clinic", "document": "{}", "version": 1, "updated_at": AT, "updated_by": "anna"},
    "lines": {"number": LINE, "practice": "Clinic", "name": "Front"},
    "contacts": {"id": 1, "practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": AT},
    "conversations": {
        "id": 1, "practice": "Clinic", "line": LINE, "number": ANN, "contact_id": 1, "created_at": AT,
    },
    "calls": {
        "id": "main/1", "pbx": "main", "practice": "Clinic", "caller": ANN, "caller_name": "Zoë 王 👍",
        "started_at": AT, "hold_seconds": 12345.678, "disposition": "abandoned", "voicemail": False,
        "backfilled": False, "message_id": "m1", "conversation_id": 1, "machine": '{"phase": "ended"}', "story": "[]",
    },
    "messages": {
        "id": "m1", "conversation_id": 1, "call_id": "main/1", "direction": "out", "to_number": ANN,
        "from_number": LINE, "body": "100% fine", "segments": 1, "encoding": "GSM-7", "status": "sent",
        "attempts": 1, "priority": 1, "created_at": AT, "due_at": AT,
    },
    "optouts": {"number": ANN, "at": AT, "source": "keyword"},
    "staff_reached": {"id": 1, "number": ANN, "at": AT, "pbx": "main"},
}  # fmt: skip
REVISIONS = [script.revision for script in migrations._scripts().walk_revisions()][::-1]


def leave_at(engine: Engine, revision: str) -> None:
    """The database of an older version that was in use, with a view of that time."""
    with engine.begin() as connection:
        command.upgrade(migrations.alembic_config(connection), revision)
        connection.exec_driver_sql("CREATE VIEW missed_call_log AS SELECT id, caller_name FROM calls")
        quoted = connection.dialect.identifier_preparer.quote
        for table, row in ROWS.items():
            names = ", ".join(map(quoted, row))
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {quoted(table)} ({names}) VALUES ({values})"), row)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_the_rows_of_every_older_version_are_kept_and_seen_through_the_views(fresh: Engine, revision: str) -> None:
    leave_at(fresh, revision)
    assert migrations.upgrade(fresh) == REVISIONS[REVISIONS.index(revision) + 1 :]
    with reading(fresh) as connection:
        for table in ROWS:
            assert connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar() == 1
        missed = connection.exec_driver_sql("SELECT * FROM missed_call_log").mappings().one()
        said = connection.exec_driver_sql("SELECT * FROM conversation_history").mappings().one()
        (call,) = calls.listing(connection)
        versions = [(one.version, one.updated_by) for one in practices.versions(connection, "Clinic")]
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert (missed["caller_name"], missed["hold_seconds"], missed["text_status"]) == ("Zoë 王 👍", 12345.678, "sent")
    assert str(missed["time_of_call"]) == AT
    # versions are kept since 0007, which filled in the one that held then
    assert versions == ([(1, "anna")] if revision < "0007" else [])
    assert (said["practice"], said["body"], said["contact"]) == ("Clinic", "100% fine", None)
    told = (call["started_at"], call["voicemail"], call["message_status"])
    assert told == ("2026-11-21T12:00:00.123Z", False, "sent")


def test_ids_and_numbers_are_the_same_only_if_every_character_is(engine: Engine) -> None:
    rows = [{"pbx": name, "seen_at": NOON} for name in ("main", "Main", "main ", "máin")]
    with engine.begin() as connection:
        connection.execute(links.insert(), rows)
        query = select(links.c.pbx).where(links.c.pbx == "main")
        assert connection.execute(query).scalars().all() == ["main"]
