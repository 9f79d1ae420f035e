"""One's own account: the password, where one is signed in, the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from textback.model import Role
from textback.store import accounts
from textback.store.sign_ins import FOR_BOTH
from textback.store.staff_tables import audit, users
from textback.store.staff_tables import sessions as table

from .browser import PASSWORD, Browser, Visited, employ
from .visitor import Answer

Tell = Callable[..., Any]
NEW = "some other plain words"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile Safari/604.1"


@pytest.fixture(autouse=True)
def kim(store: Engine) -> int:
    return employ(store)


async def signed_in(there: Visited, name: str = "kim", **changes: Any) -> Browser:
    browser = there.browser(**changes)
    assert (await browser.sign_in(name)).status == 303
    return browser


async def change(browser: Browser, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Answer:
    form = {"csrf": await browser.csrf(), "old": old, "new": new, "again": new if again is None else again}
    return await browser.post("/account/password", form)


def password_hash(there: Visited) -> str:
    return str(there.change(lambda conn: conn.execute(select(users.c.password_hash)).scalar()))


def count(there: Visited) -> int:
    return len(there.change(lambda conn: conn.execute(select(table)).all()))


def test_it_says_who_one_is_and_where_one_is_signed_in(tell: Tell) -> None:
    async def story(there: Visited) -> str:
        await signed_in(there, agent=PHONE)
        return (await (await signed_in(there)).get("/account")).body

    page = tell(story)
    assert "with the role <strong>staff</strong>, and see Clinic." in page
    assert "Firefox on Windows</strong> (this one)" in page and "Safari on iPhone</strong>," in page
    assert page.count("from 127.0.0.1,") == 2 and "2026-11-21 12:00 UTC" in page


def test_an_admin_reads_that_they_see_everything(tell: Tell, store: Engine) -> None:
    employ(store, "lee", Role.ADMIN, of=())

    async def story(there: Visited) -> str:
        return (await (await signed_in(there, "lee")).get("/account")).body

    assert "and see every practice." in tell(story)


def test_what_a_browser_calls_itself_is_shown_as_text(tell: Tell) -> None:
    async def story(there: Visited) -> str:
        return (await (await signed_in(there, agent='"><script>alert(1)</script>')).get("/account")).body

    page = tell(story)
    assert "<script>" not in page and "Another browser" in page


def test_a_stranger_sees_nothing(tell: Tell) -> None:
    async def story(there: Visited) -> list[int]:
        posts = [await there.browser().post(f"/account/{one}", {}) for one in ("password", "session", "others")]
        return [(await there.browser().get("/account")).status, *(answer.status for answer in posts)]

    assert tell(story) == [303, 401, 401, 401]


def test_a_new_password_is_set_and_everywhere_else_one_is_signed_out(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        other, browser = await signed_in(there), await signed_in(there)
        before = browser.cookies["textback"]
        answer = await change(browser)
        assert (answer.status, answer.headers["location"]) == (303, "/account?done=password")
        assert browser.cookies["textback"] != before
        assert "Your password is changed" in (await browser.get("/account?done=password")).body
        assert (await other.get("/account")).status == 303
        assert (await there.browser(cookies={"textback": before}).get("/account")).status == 303
        assert (await there.browser().sign_in()).status == 403
        assert (await there.browser().sign_in("kim", NEW)).status == 303

    tell(story)


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"old": "wrong"}, 403, "The old password is wrong. Nothing was changed."),
        ({"old": ""}, 403, "The old password is wrong. Nothing was changed."),
        ({"new": "short"}, 422, "A password has at least 10 characters: a few words do well."),
        ({"new": "Password123"}, 422, "This password is among the first that anybody would try"),
        ({"new": "kimkimkimkim"}, 422, "This password is among the first that anybody would try"),
        ({"new": "x1y2" * 300}, 422, "A password has at most 1024 bytes."),
        ({"again": NEW + " "}, 422, "The two new passwords are not the same. Nothing was changed."),
    ],
)
def test_what_is_wrong_changes_nothing(tell: Tell, form: dict[str, str], status: int, words: str) -> None:
    async def story(there: Visited) -> Answer:
        browser, before = await signed_in(there), password_hash(there)
        answer = await change(browser, **form)
        assert password_hash(there) == before and (await browser.get("/account")).status == 200
        return answer

    answer = tell(story)
    assert (answer.status, words in answer.body) == (status, True)
    assert NEW not in answer.body


def test_whoever_finds_an_open_page_cannot_guess_the_password(tell: Tell) -> None:
    async def story(there: Visited) -> list[Answer]:
        browser = await signed_in(there)
        answers = [await change(browser, old=f"guess {number}") for number in range(FOR_BOTH + 1)]
        return [*answers, await change(browser), await there.browser().sign_in()]

    answers = tell(story)
    assert [answer.status for answer in answers] == [403] * FOR_BOTH + [429] * 3
    assert answers[-2].headers["retry-after"] == "900"


def test_whoever_is_removed_meanwhile_changes_nothing(tell: Tell, kim: int) -> None:
    async def story(there: Visited) -> tuple[int, int]:
        browser, usual = await signed_in(there), there.passwords.hashed

        async def hashed(password: str) -> str:
            there.change(accounts.remove, kim, there.time.now)
            return await usual(password)

        there.passwords.hashed = hashed  # type: ignore[method-assign]
        return (await change(browser)).status, count(there)

    assert tell(story) == (403, 0)


def test_too_many_at_once_are_asked_to_come_again(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(there: Visited) -> Answer:
        browser = await signed_in(there)
        monkeypatch.setattr("textback.passwords.MOST", 0)
        return await change(browser)

    assert tell(story).status == 503


def test_one_session_is_ended_by_its_button(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        other, browser, third = await signed_in(there, agent=PHONE), await signed_in(there), await signed_in(there)
        page = (await browser.get("/account")).body
        phones = page.partition("Safari on iPhone")[2].partition('name="session" value="')[2].partition('"')[0]
        answer = await browser.post("/account/session", {"csrf": await browser.csrf(), "session": phones})
        assert answer.headers["location"] == "/account?done=ended"
        assert [(await one.get("/account")).status for one in (other, browser, third)] == [303, 200, 200]

    tell(story)


def test_nobody_ends_the_session_of_somebody_else(tell: Tell, store: Engine) -> None:
    employ(store, "lee")

    async def story(there: Visited) -> None:
        kims, lees = await signed_in(there), await signed_in(there, "lee")
        await signed_in(there)
        page = (await kims.get("/account")).body
        session = page.partition('name="session" value="')[2].partition('"')[0]
        assert len(session) == 16
        await lees.post("/account/session", {"csrf": await lees.csrf(), "session": session})
        await lees.post("/account/others", {"csrf": await lees.csrf()})
        assert count(there) == 3

    tell(story)


def test_all_others_are_ended_by_one_button(tell: Tell) -> None:
    async def story(there: Visited) -> list[tuple[str, str | None]]:
        others, browser = [await signed_in(there) for _ in range(3)], await signed_in(there)
        assert (await browser.post("/account/others", {"csrf": await browser.csrf()})).status == 303
        assert [(await one.get("/account")).status for one in (*others, browser)] == [303, 303, 303, 200]
        assert "everywhere else" not in (await browser.get("/account")).body
        rows = there.change(lambda conn: conn.execute(select(audit).order_by(audit.c.id)).all())
        return [(row.action, row.detail) for row in rows][4:]

    assert tell(story) == [("signed_out", "elsewhere, from 127.0.0.1")]


@pytest.mark.parametrize("form", [{}, {"csrf": "x" * 43}])
@pytest.mark.parametrize("place", ["password", "session", "others", "shortcuts"])
def test_without_the_token_nothing_is_done(tell: Tell, place: str, form: dict[str, str]) -> None:
    async def story(there: Visited) -> int:
        await signed_in(there)
        browser = await signed_in(there)
        words = {"old": PASSWORD, "new": NEW, "again": NEW}
        status = (await browser.post(f"/account/{place}", form | words)).status
        row = there.change(lambda conn: conn.execute(select(users)).one())
        assert row.shortcuts and count(there) == 2
        return status

    assert tell(story) == 403


def test_single_keys_can_be_switched_off_and_on(tell: Tell) -> None:
    async def story(there: Visited) -> list[bool]:
        browser, shown = await signed_in(there), []
        for form in ({}, {"shortcuts": "on"}, {"shortcuts": "maybe"}):
            answer = await browser.post("/account/shortcuts", {"csrf": await browser.csrf()} | form)
            shown.append('name="shortcuts" value="on" checked' in (await browser.get(answer.headers["location"])).body)
        return shown

    assert tell(story) == [False, True, False]


def test_nobody_else_can_put_words_into_the_page(tell: Tell) -> None:
    async def story(there: Visited) -> str:
        return (await (await signed_in(there)).get("/account?done=%3Cb%3ECall+us&words=Call+us")).body

    assert "Call us" not in tell(story)
