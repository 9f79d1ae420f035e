"""Users: one name for one person, for ever; what they see; and no way in for whoever was removed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from textback.model import Role, Staff
from textback.store import accounts, practices, sessions
from textback.store.account_list import KEYS, listing
from textback.store.engine import StoreError
from textback.store.staff_tables import memberships, users

NOW = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC
TOKEN = "t" * 43


def add(conn: Connection, name: str = "kim", **changes: Any) -> int:
    its: dict[str, Any] = {"full_name": "Kim Novak", "role": Role.STAFF, "practices_of_theirs": ["Clinic"]}
    its |= {"password_hash": "old", "by": "root", "now": NOW}
    return accounts.add(conn, name, **its | changes)


def sign_in(conn: Connection, user: int, token: str = TOKEN, at: float = NOW) -> None:
    sessions.start(conn, token, user, now=at, address="127.0.0.1", agent="")


def test_a_user_is_found_by_name_and_sees_their_practices(conn: Connection) -> None:
    made = add(conn)
    found = accounts.find(conn, "kim")
    assert found is not None and found.password_hash == "old"
    assert found.staff == Staff(made, "kim", "Kim Novak", Role.STAFF, frozenset({"Clinic"}))


def test_an_admin_sees_every_practice(conn: Connection) -> None:
    add(conn, role=Role.ADMIN, practices_of_theirs=[])
    found = accounts.find(conn, "kim")
    assert found is not None and found.staff.practices is None


@pytest.mark.parametrize("name", ["", "KIM", "kim ", "k\u00edm", "kim\0", "\ud800", "k" * 101, "k" * 100_000, "%"])
def test_another_name_is_nobodys(conn: Connection, name: str) -> None:
    add(conn)
    assert accounts.find(conn, name) is None


def test_who_is_there_and_who_is_not_take_the_same_queries(conn: Connection) -> None:
    add(conn)
    asked: list[str] = []
    event.listen(conn, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for name in ("kim", "nobody", "k" * 1000):
        accounts.find(conn, name)
    assert len(asked) == 3 and len(set(asked)) == 1


def test_a_name_is_given_once(conn: Connection) -> None:
    add(conn)
    with pytest.raises(StoreError, match="there is a user 'kim' already"):
        add(conn)


def test_the_name_of_somebody_who_was_removed_is_never_anothers(conn: Connection) -> None:
    accounts.remove(conn, add(conn), NOW + 1)
    with pytest.raises(StoreError, match="never given to another person"):
        add(conn)


def test_a_practice_that_does_not_exist_is_refused(conn: Connection) -> None:
    with pytest.raises(StoreError, match="there is no practice 'Grove'; there is Clinic"):
        add(conn, practices_of_theirs=["Clinic", "Grove"])


def test_whoever_was_removed_stays_without_a_way_in(conn: Connection) -> None:
    made = add(conn)
    sign_in(conn, made)
    accounts.remove(conn, made, NOW + 1)
    found = accounts.find(conn, "kim")
    assert found is not None and (found.removed_at, found.practices) == (NOW + 1, frozenset())
    assert sessions.find(conn, TOKEN, NOW + 1) is None
    assert not accounts.is_anybody(conn)
    assert conn.execute(select(memberships)).first() is None
    accounts.restore(conn, made)
    assert accounts.is_anybody(conn)


def test_a_new_password_ends_the_sessions_of_its_user_only(conn: Connection) -> None:
    kim, lee = add(conn), add(conn, "lee")
    sign_in(conn, kim)
    sign_in(conn, lee, "l" * 43)
    accounts.set_password(conn, kim, "new", NOW + 60)
    row = conn.execute(select(users).where(users.c.id == kim)).one()
    assert (row.password_hash, row.password_at) == ("new", NOW + 60)
    assert sessions.find(conn, TOKEN, NOW + 60) is None
    assert sessions.find(conn, "l" * 43, NOW + 60) is not None


def test_a_better_hash_replaces_only_the_one_it_was_made_for(conn: Connection) -> None:
    made = add(conn)
    accounts.rehash(conn, made, "another", "better")
    assert conn.execute(select(users.c.password_hash)).scalar() == "old"
    accounts.rehash(conn, made, "old", "better")
    assert conn.execute(select(users.c.password_hash)).scalar() == "better"


def test_what_is_given_is_changed(conn: Connection) -> None:
    practices.put(conn, "Grove", {"line": []}, "test", NOW)
    made = add(conn)
    accounts.change(conn, made, role=Role.MANAGER)
    accounts.change(conn, made, practices_of_theirs=["Grove"])
    accounts.change(conn, made, full_name="Kim N.")
    accounts.set_shortcuts(conn, made, False)
    found = accounts.find(conn, "kim")
    assert found is not None
    assert found.staff == Staff(made, "kim", "Kim N.", Role.MANAGER, frozenset({"Grove"}), shortcuts=False)


def test_a_list_begins_with_the_newest_and_holds_no_hash(conn: Connection) -> None:
    practices.put(conn, "Grove", {"line": []}, "test", NOW)
    kim, lee = add(conn), add(conn, "lee", role=Role.ADMIN, practices_of_theirs=[], now=NOW + 60)
    sign_in(conn, kim, at=NOW + 90)
    sign_in(conn, kim, "u" * 43, at=NOW + 120)
    newest, oldest = listing(conn)
    assert list(newest) == list(oldest) == list(KEYS)
    assert (newest["name"], newest["practices"], newest["last_seen_at"], newest["sessions"]) == ("lee", None, None, 0)
    assert oldest == {
        "name": "kim", "full_name": "Kim Novak", "role": "staff", "practices": ["Clinic"],
        "created_at": "2026-11-21T12:00:00.000Z", "created_by": "root", "password_at": "2026-11-21T12:00:00.000Z",
        "last_seen_at": "2026-11-21T12:02:00.000Z", "sessions": 2, "removed_at": None,
    }  # fmt: skip
    assert [row["name"] for row in listing(conn, limit=1)] == ["lee"]
    assert [row["name"] for row in listing(conn, practice="Clinic", limit=0)] == ["lee", "kim"]
    assert [row["name"] for row in listing(conn, practice="Grove")] == ["lee"]
    assert [row["name"] for row in listing(conn, since=NOW + 1)] == ["lee"]
    accounts.remove(conn, lee, NOW)
    assert [row["name"] for row in listing(conn)] == ["kim"]
    assert [row["name"] for row in listing(conn, removed=True)] == ["lee", "kim"]


def test_admins_are_those_who_may_sign_in(conn: Connection) -> None:
    first, second = (add(conn, name, role=Role.ADMIN, practices_of_theirs=[]) for name in ("ada", "bea"))
    add(conn, "kim")
    assert accounts.admins(conn) == [first, second]
    accounts.remove(conn, first, NOW)
    assert accounts.admins(conn) == [second]
