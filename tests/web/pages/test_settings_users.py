"""Who lets whom in: by role and practice, and never above oneself."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from textback.model import Role
from textback.store import accounts
from textback.store.accounts import Account
from textback.store.staff_tables import audit, sessions, users

from ..browser import HASH, NOW
from ..visitor import Answer
from .filled import forms_of
from .house import House, Somebody
from .parsed import Page

USERS = "/settings/users"


def account(house: House, name: str) -> Account:
    found = house.change(accounts.find, name)
    assert isinstance(found, Account)
    return found


def hire(house: House, name: str, role: Role = Role.STAFF, *of: str) -> None:
    given: dict[str, Any] = {"full_name": name.title(), "role": role, "practices_of_theirs": of, "password_hash": HASH}
    house.change(accounts.add, name, by="test", now=NOW, **given)


def do(somebody: Somebody, what: str, name: str, *of: str, **form: str) -> Answer:
    practices = {f"of.{at}": practice for at, practice in enumerate(of)}
    return somebody.post(f"{USERS}/{what}", name=name, **practices, **form)


def secret(answer: Answer) -> str:
    assert answer.status == 200, Page(answer.body).text
    (found,) = re.findall(r'<p class="secret">([a-z2-9]{5}(?:-[a-z2-9]{5}){4})</p>', answer.body)
    return str(found)


def doings(house: House) -> list[str]:
    return [f"{row['who']} {row['detail']}" for row in house.rows(audit) if row["action"] == "changed_user"]


def test_users_are_for_managers_and_admins(house: House, gus: Somebody) -> None:
    assert gus.get(USERS).status == 403
    for what in ("add", "change", "password", "sessions", "remove", "bring-back"):
        assert do(gus, what, "kim", "Grove", role="admin").status == 403
    assert doings(house) == []


def test_a_manager_sees_colleagues_of_their_practices_and_nobody_else(house: House, dana: Somebody) -> None:
    hire(house, "both", Role.STAFF, "Riverside", "Grove")
    text = Page(dana.get(USERS).body).text
    assert "Kim Full" in text and "Dana Full" in text and "Riverside, and others" in text
    assert "Gus" not in text and "Ada" not in text and "Grove" not in text
    everybody = Page(house.somebody("ada").get(USERS).body).text
    assert all(f"{name} Full" in everybody for name in ("Ada", "Dana", "Gus", "Kim")) and "Grove" in everybody


def test_somebody_new_signs_in_with_a_password_that_is_shown_once(house: House, dana: Somebody) -> None:
    answer = do(dana, "add", "Lou", "Riverside", full_name="Lou Reed", role="staff")
    password = secret(answer)
    assert answer.headers["cache-control"] == "no-store" and password not in dana.get(USERS).body
    assert (account(house, "lou").full_name, account(house, "lou").practices) == ("Lou Reed", frozenset({"Riverside"}))
    assert house.run(house.browser().sign_in("lou", password)).status == 303
    assert doings(house) == ["dana added lou as staff"]
    again = do(dana, "add", "lou", "Riverside", role="staff")
    assert again.status == 422 and "somebody of that name already" in Page(again.body).text
    assert house.run(house.browser().sign_in("lou", password)).status == 303


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 101, "p\u0430ul", "<b>", "o\u202ex"])
def test_a_name_that_is_none_is_refused_and_what_was_typed_is_kept(house: House, dana: Somebody, name: str) -> None:
    before = house.rows(users)
    answer = do(dana, "add", name, "Riverside", full_name="Kept <i>", role="manager")
    assert answer.status == 422 and "Kept <i>" in [form.values.get("full_name") for form in forms_of(answer.body)]
    assert house.rows(users) == before


@pytest.mark.parametrize(
    "role, of, words",
    [
        ("admin", (), "above their own"),
        ("staff", ("Grove",), "not your practices"),
        ("staff", ("Riverside", "Grove"), "not your practices"),
        ("staff", ("Nowhere",), "not your practices"),
        ("manager", (), "Say which practices"),
        ("owner", ("Riverside",), "no such role"),
    ],
)
def test_a_manager_gives_nothing_that_they_do_not_have(
    house: House, dana: Somebody, role: str, of: tuple[str, ...], words: str
) -> None:
    for what, name in (("add", "lou"), ("change", "kim")):
        answer = do(dana, what, name, *of, role=role)
        assert answer.status == 422 and words in Page(answer.body).text, what
    assert house.change(accounts.find, "lou") is None
    assert (account(house, "kim").role, account(house, "kim").practices) == (Role.STAFF, frozenset({"Riverside"}))


def test_a_manager_changes_staff_of_their_own(house: House, dana: Somebody) -> None:
    kim = house.somebody("kim")
    assert do(dana, "change", "kim", "Riverside", role="manager", full_name="Kim N.").status == 303
    assert (account(house, "kim").role, account(house, "kim").full_name) == (Role.MANAGER, "Kim N.")
    assert kim.get("/settings/Riverside/hours").status == 200, "from the next click on"
    assert doings(house) == ["dana changed kim: full name, role staff to manager"]
    assert do(dana, "change", "kim", "Riverside", role="staff").status == 422, "now they are as high"


@pytest.mark.parametrize("what", ["change", "password", "sessions", "remove"])
def test_whom_a_manager_may_not_change_stays_as_they_are(house: House, dana: Somebody, what: str) -> None:
    hire(house, "both", Role.STAFF, "Riverside", "Grove")
    hire(house, "peer", Role.MANAGER, "Riverside")
    hire(house, "free", Role.STAFF)
    house.somebody("peer")
    before = {name: account(house, name) for name in ("both", "peer", "gus", "ada", "free")}
    for name, status in (("both", 422), ("peer", 422), ("gus", 404), ("ada", 404), ("free", 404), ("nobody", 404)):
        assert do(dana, what, name, "Riverside", role="staff", full_name="Evil").status == status, name
    assert {name: account(house, name) for name in before} == before
    assert doings(house) == [] and len(house.rows(sessions)) == 2


def test_nobody_raises_themselves(house: House, dana: Somebody) -> None:
    for role in ("manager", "staff"):
        assert do(dana, "change", "dana", "Riverside", role=role, full_name="Dana S.").status == 303
    assert do(dana, "change", "dana", "Riverside", "Grove", role="admin").status == 303
    me = account(house, "dana")
    assert (me.role, me.practices, me.full_name) == (Role.MANAGER, frozenset({"Riverside"}), "Dana S.")
    assert do(dana, "remove", "dana").status == do(dana, "password", "dana").status == 422
    assert doings(house) == ["dana changed dana: full name"]


def test_a_new_password_signs_out_and_the_old_one_is_none(house: House, dana: Somebody) -> None:
    kim = house.somebody("kim")
    password = secret(do(dana, "password", "kim"))
    assert kim.get("/calls").status == 303
    assert house.run(house.browser().sign_in("kim")).status == 403
    assert house.run(house.browser().sign_in("kim", password)).status == 303
    assert doings(house) == ["dana set the password of kim"]


def test_somebody_is_signed_out_everywhere(house: House, dana: Somebody) -> None:
    first, second = house.somebody("kim"), house.somebody("kim")
    assert do(dana, "sessions", "kim").status == 303
    assert (first.get("/calls").status, second.get("/calls").status, dana.get("/calls").status) == (303, 303, 200)
    assert do(dana, "sessions", "kim").status == 303
    assert doings(house) == ["dana signed out kim everywhere"]


def test_who_is_removed_is_out_and_an_admin_can_bring_them_back(house: House, dana: Somebody) -> None:
    kim, ada = house.somebody("kim"), house.somebody("ada")
    assert do(dana, "remove", "kim").status == 303
    assert kim.get("/calls").status == 303 and house.run(house.browser().sign_in("kim")).status == 403
    taken = do(dana, "add", "kim", "Riverside", role="staff")
    assert taken.status == 422 and "somebody who was removed" in Page(taken.body).text
    assert do(dana, "bring-back", "kim", "Riverside", role="staff").status == 404
    assert "Bring back" in ada.get(USERS).body and "Bring back" not in dana.get(USERS).body
    password = secret(do(ada, "bring-back", "kim", "Grove", role="manager"))
    assert house.run(house.browser().sign_in("kim", password)).status == 303
    assert (account(house, "kim").role, account(house, "kim").practices) == (Role.MANAGER, frozenset({"Grove"}))
    assert do(ada, "bring-back", "kim", "Grove", role="staff").status == 422
    assert do(ada, "bring-back", "nobody", role="admin").status == 404


def test_the_last_admin_stays(house: House) -> None:
    ada = house.somebody("ada")
    assert do(ada, "remove", "ada").status == 422
    hire(house, "bea", Role.ADMIN)
    bea = house.somebody("bea")
    assert do(ada, "change", "bea", "Grove", role="manager").status == 303
    assert do(bea, "change", "ada", "Grove", role="staff").status == 404, "they are an admin no more"
    assert do(ada, "change", "bea", role="admin").status == 303
    assert do(bea, "remove", "ada").status == 303
    assert do(ada, "remove", "bea").status == 401
    assert account(house, "bea").removed_at is None


def test_two_admins_who_remove_each_other_leave_one(house: House) -> None:
    hire(house, "bea", Role.ADMIN)
    ada, bea = house.somebody("ada"), house.somebody("bea")

    async def both() -> list[int]:
        posts = [
            one.browser.post(f"{USERS}/remove", {"csrf": one.csrf, "name": name})
            for one, name in ((ada, "bea"), (bea, "ada"))
        ]
        return [answer.status for answer in await gathered(*posts)]

    statuses = house.run(both())
    assert 303 in statuses and statuses != [303, 303]
    assert len(house.change(accounts.admins)) == 1


async def gathered(*works: Any) -> list[Any]:

    return list(await asyncio.gather(*works))


def test_an_admin_has_every_practice_and_so_none_of_their_own(house: House) -> None:
    ada = house.somebody("ada")
    secret(do(ada, "add", "root", "Grove", role="admin"))
    assert account(house, "root").practices == frozenset() and account(house, "root").role is Role.ADMIN


def test_what_staff_are_called_is_text(house: House) -> None:
    hire(house, "eve", Role.STAFF, "Riverside")
    house.change(accounts.change, account(house, "eve").id, full_name="<script>alert(1)</script>")
    page = house.somebody("ada").get(USERS).body
    assert "<script>alert" not in page and "<script>alert(1)</script>" in Page(page).text


def test_a_full_name_that_cannot_be_read_is_refused(house: House, dana: Somebody) -> None:
    answer = do(dana, "change", "kim", "Riverside", role="staff", full_name="x" * 101)
    assert answer.status == 422 and "1 to 100 characters" in Page(answer.body).text
