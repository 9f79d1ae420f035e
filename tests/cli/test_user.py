from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, select

from textback.cli import new_password
from textback.model import Role
from textback.store import accounts, practices, sessions
from textback.store.accounts import Account
from textback.store.engine import open_engine, reading
from textback.store.staff_tables import audit

from tests.practices import document

from .conftest import NOON, Home

PASSWORD = "four unrelated words"
TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as quick as argon2 can be."""
    monkeypatch.setattr("textback.passwords.PasswordHasher", lambda: PasswordHasher(1, 8, 1))


@pytest.fixture
def clinic(home: Home) -> Home:
    home.want()
    return home


def second_practice(home: Home) -> None:
    grove = document(practice__name="Grove", practice__default=False, line=[{"name": "G", "number": "+12025550101"}])
    home.change(lambda connection: practices.put(connection, "Grove", grove, "test", NOON))


def looked(home: Home, look: Any) -> Any:
    engine = open_engine(f"sqlite:///{home.folder / 'textback.db'}")
    with reading(engine) as connection:
        return look(connection)


def stored(home: Home, name: str = "kim") -> Account:
    found: Account | None = looked(home, lambda connection: accounts.find(connection, name))
    assert found is not None
    return found


def fits(home: Home, password: str, name: str = "kim") -> bool:
    try:
        return PasswordHasher().verify(stored(home, name).password_hash, password)
    except Exception:
        return False


def sign_in(home: Home, name: str = "kim") -> None:
    user = stored(home, name).id
    home.change(lambda conn: sessions.start(conn, TOKEN, user, now=NOON, address="", agent=""))


def is_signed_in(home: Home) -> bool:
    return looked(home, lambda connection: sessions.find(connection, TOKEN, NOON)) is not None


def listed(home: Home, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.done("user", "list", "--json", *options).splitlines()]


def add(home: Home, *options: str, name: str = "kim") -> str:
    return home.done("user", "add", name, *options, answers=PASSWORD + "\n")


def test_a_user_is_added_to_the_only_practice(clinic: Home) -> None:
    assert add(clinic, "--full-name", "Kim  Novak", name=" KIM ") == "kim: may sign in as staff and sees Riverside\n"
    kim = stored(clinic)
    assert (kim.name, kim.full_name, kim.role, kim.practices) == ("kim", "Kim Novak", Role.STAFF, {"Riverside"})
    assert fits(clinic, PASSWORD) and kim.password_hash.startswith("$argon2id$")


def test_an_admin_needs_no_practice(home: Home) -> None:
    home.migrate()
    assert add(home, "--role", "admin") == "kim: may sign in as admin and sees every practice\n"
    assert stored(home).staff.practices is None
    run = home.run("user", "add", "lee", answers=PASSWORD)
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr == (
        "there is no practice yet: `textback practice apply FILE` loads one; only an admin needs none\n"
    )


def test_among_several_practices_they_are_named(clinic: Home) -> None:
    second_practice(clinic)
    run = clinic.run("user", "add", "kim", answers=PASSWORD)
    assert run.exit_code == 2 and "say with --practice which ones: Grove, Riverside" in run.stderr
    add(clinic, "--practice", "Grove", "--practice", "Riverside", "--role", "manager")
    assert stored(clinic).practices == {"Grove", "Riverside"}
    run = clinic.run("user", "add", "lee", "--practice", "Hill", answers=PASSWORD)
    assert run.exit_code == 2 and "there is no practice 'Hill'; there is Grove, Riverside" in run.stderr


def test_a_password_is_made_up_and_shown_once(clinic: Home) -> None:
    run = clinic.run("user", "add", "kim", "--generate")
    made = re.search(r"^password: ((?:[a-z2-9]{5}-){4}[a-z2-9]{5})$", run.stdout, re.MULTILINE)
    assert made and fits(clinic, made[1])
    assert run.stderr == "Keep it now: it is shown only this once.\n"
    assert made[1] not in clinic.done("user", "list") + clinic.done("user", "list", "--json")
    assert made[1] not in clinic.done("user", "passwd", "kim", "--generate")


@pytest.mark.parametrize("written", [PASSWORD, f"{PASSWORD}\n", f"\ufeff{PASSWORD}\r\nmore\n"])
def test_a_password_is_read_from_a_file(clinic: Home, written: str) -> None:
    file = clinic.write("password", written)
    clinic.done("user", "add", "kim", "--password-file", str(file))
    assert fits(clinic, PASSWORD)


def test_a_password_is_read_from_standard_input(clinic: Home) -> None:
    clinic.done("user", "add", "kim", "--password-file", "-", answers=f"{PASSWORD}\n")
    clinic.done("user", "add", "lee", answers=PASSWORD)
    assert fits(clinic, PASSWORD) and fits(clinic, PASSWORD, "lee")


def test_a_person_is_asked_twice_and_sees_no_password(clinic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_password, "is_a_person_there", lambda: True)
    answers = f"{PASSWORD}\n{PASSWORD} \n{PASSWORD}\n{PASSWORD}\n"
    shown = clinic.done("user", "add", "kim", answers=answers)
    assert "The two entered values do not match" in shown and PASSWORD not in shown
    assert fits(clinic, PASSWORD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "a password has at least 10 characters"), ("password123", "among the first that anybody would try"),
        ("", "at least 10 characters"), ("kim", "at least 10 characters"), ("x1y2" * 300, "at most 1024 bytes"),
    ],
)  # fmt: skip
def test_a_bad_password_adds_nobody(clinic: Home, password: str, why: str) -> None:
    run = clinic.run("user", "add", "kim", answers=password + "\n")
    assert (run.exit_code, run.stdout, listed(clinic)) == (1, "", [])
    assert why in run.stderr and "nothing was changed" in run.stderr


def test_a_file_that_cannot_be_read_is_a_clear_mistake(clinic: Home) -> None:
    run = clinic.run("user", "add", "kim", "--password-file", "/nowhere/password")
    assert (run.exit_code, run.stderr) == (1, "/nowhere/password: no such file or directory\n")
    file = clinic.folder / "latin"
    file.write_bytes(b"caf\xe9 au lait")
    run = clinic.run("user", "add", "kim", "--password-file", file)
    assert (run.exit_code, run.stderr) == (1, "the password is not in UTF-8; nothing was changed\n")
    run = clinic.run("user", "add", "kim", "--password-file", file, "--generate")
    assert run.exit_code == 2 and "say one of them" in run.stderr


@pytest.mark.parametrize("name", ["", "a b", "kim\nlee", "<kim>", "k\u0456m", "x" * 101, "a\u202eb"])
def test_what_is_no_name_is_a_mistake(clinic: Home, name: str) -> None:
    run = clinic.run("user", "add", "--generate", "--", name)
    assert (run.exit_code, run.stdout, listed(clinic)) == (2, "", [])
    assert "\u202e" not in run.stderr


@pytest.mark.parametrize("options", [["--role", "boss"], ["--full-name", ""], ["--password", "x"], ["extra"]])
def test_what_makes_no_sense_adds_nobody(clinic: Home, options: list[str]) -> None:
    run = clinic.run("user", "add", "kim", "--generate", *options)
    assert (run.exit_code, run.stdout, listed(clinic)) == (2, "", [])


def test_a_name_is_given_once_and_never_again(clinic: Home) -> None:
    add(clinic)
    run = clinic.run("user", "add", "Kim", "--generate")
    assert (run.exit_code, run.stdout) == (1, "") and "there is a user 'kim' already" in run.stderr
    clinic.done("user", "remove", "kim")
    run = clinic.run("user", "add", "kim", "--generate")
    assert (run.exit_code, run.stdout) == (1, "") and "a name is never given to another person" in run.stderr
    assert "--same-person" in run.stderr


def test_the_same_person_may_come_back(clinic: Home) -> None:
    add(clinic, "--full-name", "Kim Novak")
    first = stored(clinic)
    clinic.done("user", "remove", "kim")
    clinic.done("user", "add", "kim", "--same-person", "--role", "manager", answers="some other plain words")
    back = stored(clinic)
    assert (back.id, back.full_name, back.role, back.removed_at) == (first.id, "Kim Novak", Role.MANAGER, None)
    assert back.practices == {"Riverside"} and fits(clinic, "some other plain words")
    for name in ("kim", "lee"):
        run = clinic.run("user", "add", name, "--same-person", "--generate")
        assert (run.exit_code, run.stdout) == (1, "") and f"nobody with the name {name!r} was removed" in run.stderr


def test_a_new_password_ends_the_sessions(clinic: Home) -> None:
    add(clinic)
    sign_in(clinic)
    shown = clinic.done("user", "passwd", "KIM", answers="some other plain words\n")
    assert shown == "kim: the password is changed; they are signed out everywhere\n"
    assert fits(clinic, "some other plain words") and not is_signed_in(clinic)


def test_whoever_is_removed_is_out(clinic: Home) -> None:
    add(clinic)
    add(clinic, name="lee")
    sign_in(clinic)
    run = clinic.run("user", "remove", "kim")
    assert (run.stdout, run.stderr) == ("kim: removed, and signed out everywhere\n", "")
    assert not is_signed_in(clinic) and [row["name"] for row in listed(clinic)] == ["lee"]
    assert [row["name"] for row in listed(clinic, "--removed")] == ["lee", "kim"]
    assert "hint: now nobody can sign in" in clinic.run("user", "remove", "lee").stderr


@pytest.mark.parametrize("command", [["passwd", "--generate"], ["remove"], ["change", "--role", "admin"]])
def test_who_is_not_there_cannot_be_changed(clinic: Home, command: list[str]) -> None:
    run = clinic.run("user", *command, "nobody")
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr == "the user 'nobody' does not exist: `textback user list` shows who may sign in\n"
    add(clinic)
    clinic.done("user", "remove", "kim")
    run = clinic.run("user", *command, "kim")
    assert (run.exit_code, run.stdout) == (1, "") and "the user 'kim' was removed" in run.stderr


def test_what_is_given_is_changed_and_the_rest_is_not(clinic: Home) -> None:
    second_practice(clinic)
    add(clinic, "--practice", "Riverside")
    sign_in(clinic)
    assert clinic.done("user", "change", "kim", "--role", "manager") == "kim: changed\n"
    assert (stored(clinic).role, stored(clinic).practices) == (Role.MANAGER, {"Riverside"})
    clinic.done("user", "change", "kim", "--practice", "Grove")
    assert (stored(clinic).role, stored(clinic).practices) == (Role.MANAGER, {"Grove"})
    clinic.done("user", "change", "kim", "--full-name", "Kim N.", "--role", "admin")
    assert (stored(clinic).full_name, stored(clinic).staff.practices) == ("Kim N.", None)
    run = clinic.run("user", "change", "kim", "--role", "staff")
    assert run.exit_code == 2 and "say with --practice which ones" in run.stderr and is_signed_in(clinic)
    assert clinic.done("user", "change", "kim", "--revoke-sessions") == "kim: changed; 1 sessions ended\n"
    assert not is_signed_in(clinic)
    run = clinic.run("user", "change", "kim")
    assert run.exit_code == 2 and "nothing to change" in run.stderr


def test_a_list_shows_who_may_sign_in(clinic: Home) -> None:
    assert clinic.run("user", "list").stderr == "no users: `textback user add NAME --role admin` makes the first\n"
    add(clinic)
    add(clinic, "--role", "admin", name="lee")
    assert list(listed(clinic)[0]) == [
        "name", "full_name", "role", "practices", "created_at", "created_by", "password_at", "last_seen_at",
        "sessions", "removed_at",
    ]  # fmt: skip
    assert [row["practices"] for row in listed(clinic)] == [None, ["Riverside"]]
    heading, lee, kim = clinic.done("user", "list").splitlines()
    assert heading.split()[:4] == ["name", "full", "name", "role"]
    assert lee.split()[:4] == ["lee", "lee", "admin", "all"] and kim.split()[:4] == ["kim", "kim", "staff", "Riverside"]
    assert [row["name"] for row in listed(clinic, "--limit", "1")] == ["lee"]
    assert listed(clinic, "--since", "2100-01-01") == []


def test_all_of_it_is_written_down(clinic: Home) -> None:
    add(clinic)
    clinic.done("user", "change", "kim", "--role", "manager", "--revoke-sessions")
    clinic.done("user", "passwd", "kim", "--generate")
    clinic.done("user", "remove", "kim")

    def look(connection: Connection) -> list[Any]:
        return list(connection.execute(select(audit).order_by(audit.c.id)).all())

    rows = looked(clinic, look)
    assert {row.action for row in rows} == {"changed_user"}
    assert [row.detail for row in rows] == [
        "added kim as staff, at the command line",
        "changed kim: role, sessions, at the command line",
        "set the password of kim, at the command line",
        "removed kim, at the command line",
    ]
    assert all(row.who for row in rows)


def test_a_database_that_is_not_ready_is_told_before_anybody_types_a_password(home: Home, tmp_path: Path) -> None:
    run = home.run("user", "add", "kim", "--generate")
    assert (run.exit_code, run.stdout) == (1, "") and "textback db upgrade" in run.stderr
