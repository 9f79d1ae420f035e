"""``contacts erase``: what it says, what it refuses, and what the file of the database still has afterwards."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.store.test_erasing import ANN, BOB, call, live_richly, reply, text
from textback.store import calls
from textback.store.engine import StoreError, open_engine
from textback.store.tables import contacts

from .conftest import NOON, Home


@pytest.fixture
def clinic(home: Home) -> Home:
    home.want(practice__name="Clinic")
    return home


def closed(connection: Connection) -> None:
    """Ann's rich life; she waits for an answer still."""
    live_richly(connection)


def bytes_of(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.folder.glob("textback.db*")))


def test_it_says_what_went_and_asks_before(clinic: Home) -> None:
    clinic.change(closed)
    refused = clinic.run("contacts", "erase", "(202) 555-0111", answers="n\n")
    assert (refused.exit_code, "Forget this person?" in refused.stderr) == (1, True)
    said = clinic.run("contacts", "erase", "(202) 555-0111", answers="y\n")
    assert said.exit_code == 0, said.stderr
    assert said.stdout == (
        "erased: 1 contact, 2 calls, 4 texts, 1 note, 3 raw posts\n"
        "they opted out: a keyed hash of their number keeps it so\n"
    )
    assert "(erased)" in clinic.done("optout", "list")
    again = clinic.done("contacts", "erase", "--yes", ANN)
    assert again.startswith("erased: 0 contacts, 0 calls, 0 texts, 0 notes, 0 raw posts\n")


def test_where_nobody_is_there_to_ask_a_script_means_what_it_says(clinic: Home) -> None:
    clinic.change(closed)
    assert clinic.run("contacts", "erase", ANN, answers="").exit_code == 0
    assert "Annabel" not in clinic.done("contacts", "export")


def test_who_does_not_know_all_tables_forgets_nobody(clinic: Home) -> None:
    """A newer version made the database, and lets an older one go on beside it."""
    clinic.change(closed)
    clinic.change(lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    refused = clinic.run("contacts", "erase", "--yes", ANN)
    assert (refused.exit_code, "use the newer version that made it" in refused.stderr) == (1, True)
    assert "Annabel" in clinic.done("contacts", "export")


@pytest.mark.parametrize("word", [b"2025550111", b"Annabel", b"my knee", b"allergic", b"555-0111"])
def test_the_files_of_sqlite_have_no_byte_of_them_while_the_daemon_has_it_open(clinic: Home, word: bytes) -> None:
    clinic.change(closed)
    beside = sqlite3.connect(clinic.folder / "textback.db")  # as a daemon would
    assert beside.execute("SELECT count(*) FROM calls").fetchone() == (3,)
    assert word in bytes_of(clinic)
    clinic.done("contacts", "erase", "--yes", ANN)
    assert word not in bytes_of(clinic)
    beside.execute("UPDATE calls SET linkedid = 'x'")
    beside.commit()
    assert word not in bytes_of(clinic)


def test_somebody_who_reads_meanwhile_is_told(clinic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.change(closed)
    reader = sqlite3.connect(clinic.folder / "textback.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM calls").fetchone()
    monkeypatch.setattr("textback.cli.database.open_engine", _hasty)
    said = clinic.run("contacts", "erase", "--yes", ANN)
    assert said.exit_code == 0 and "traces may be left" in said.stderr


def _hasty(url: str, looking: bool = False) -> Any:
    return open_engine(url, busy_timeout=0.0, looking=looking)


def test_who_is_in_flight_is_refused_with_every_reason_and_nothing_is_changed(clinic: Home) -> None:
    def rich(connection: Connection) -> None:
        live_richly(connection)
        calls.save(connection, [call(9, ANN, verdict=None)])
        text(connection, ANN, status="held")

    clinic.change(rich)
    refused = clinic.run("contacts", "erase", "--yes", ANN)
    assert refused.exit_code == 1 and refused.stdout == ""
    assert all(words in refused.stderr for words in ("main/9", "messages cancel"))
    assert b"Annabel" in bytes_of(clinic)
    still = clinic.run("contacts", "erase", "--yes", "--cancel", ANN)
    assert still.exit_code == 1 and still.stderr.startswith("call main/9")
    over = "UPDATE calls SET verdict = 'skip' WHERE verdict IS NULL"
    clinic.change(lambda connection: connection.exec_driver_sql(over))
    clinic.done("contacts", "erase", "--yes", "--cancel", ANN)


def test_a_contact_who_shares_a_number_goes_alone(clinic: Home) -> None:
    clinic.change(closed)
    person = {"id": 40, "practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": NOON}
    clinic.change(lambda connection: connection.execute(contacts.insert(), person))
    said = clinic.run("contacts", "erase", "--yes", "--id", "40")
    assert said.stdout == "erased: 1 contact; others have the same number, so its calls and texts stay\n"
    whole = clinic.run("contacts", "erase", "--yes", "--id", "1")
    assert whole.stdout.startswith("erased: 1 contact, 2 calls")
    assert "there is no such contact" in clinic.run("contacts", "erase", "--yes", "--id", "1").stderr


@pytest.mark.parametrize("arguments", [[], [ANN, "--id", "1"]])
def test_a_number_or_an_id_is_wanted(clinic: Home, arguments: list[str]) -> None:
    assert clinic.run("contacts", "erase", *arguments).exit_code == 2


def test_what_others_wrote_and_managers_set_is_told(clinic: Home) -> None:
    clinic.want(practice__name="Clinic", guards__blocked=[ANN])
    clinic.change(closed)
    clinic.change(lambda connection: reply(connection, BOB, "ask my mother, 202-555-0111", "SM8", NOON))
    said = clinic.run("contacts", "erase", "--yes", ANN)
    assert "hint: a text in conversation" in said.stderr
    assert "hint: the settings of Clinic name the number" in said.stderr


def test_a_full_disk_leaves_them_erased_and_says_what_is_left(clinic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.change(closed)

    def full(engine: object) -> bool:
        raise StoreError("/x: database or disk is full: see that there is as much room again on its disk")

    monkeypatch.setattr("textback.cli.erasing.scrub", full)
    said = clinic.run("contacts", "erase", "--yes", ANN)
    assert said.exit_code == 1 and "erased, but traces may be left in the file" in said.stderr
    assert '"caller": "+12025550111"' not in clinic.done("calls", "list", "--json")
