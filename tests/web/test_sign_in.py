"""Signing in: who knows the password is in, with a new session; whoever does not learns nothing, and must wait."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, select, update

from textback.store import accounts, sessions
from textback.store.sign_ins import FOR_BOTH, WINDOW
from textback.store.staff_tables import audit, sign_in_failures, users
from textback.store.staff_tables import sessions as sessions_table
from textback.web.cookies import OPEN_FOR
from textback.web.sign_in import OVERDUE, WRONG

from .browser import FIREFOX, HASHER, PASSWORD, PUBLIC, Browser, Visited, employ, fields
from .visitor import Answer

Tell = Callable[..., Any]


@pytest.fixture(autouse=True)
def kim(store: Engine) -> int:
    return employ(store)


def flags(browser: Browser) -> dict[str, set[str]]:
    """Of each cookie that was just set, what may be done with it."""
    return {one.partition("=")[0]: {flag.strip() for flag in one.split(";")[1:]} for one in browser.said}


def all_sessions(there: Visited) -> list[Any]:
    return list(there.change(lambda conn: conn.execute(select(sessions_table)).all()))


def test_who_knows_the_password_is_in(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        answer = await browser.sign_in(target="/account?x=1")
        assert (answer.status, answer.headers["location"]) == (303, "/account?x=1")
        page = await browser.get("/account")
        assert page.status == 200 and "<strong>kim</strong>" in page.body
        (session,) = all_sessions(there)
        assert (session.address, session.agent) == ("127.0.0.1", FIREFOX)
        assert session.hash == sessions.hash_of(browser.cookies["textback"].partition(":")[0])

    tell(story)


@pytest.mark.parametrize("name", ["KIM", " Kim ", "\uff2b\uff29\uff2d", "kim\n"])
def test_the_name_may_be_typed_in_many_ways(tell: Tell, name: str) -> None:
    assert tell(lambda there: there.browser().sign_in(name)).status == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("kim", PASSWORD + " "), ("kim", ""), ("", ""), ("lee", PASSWORD), ("", PASSWORD), ("kim!", PASSWORD),
        ("k\u0456m", PASSWORD), ("kim\nlee", PASSWORD), ("k" * 5000, PASSWORD), ("kim", "x" * 60_000),
        ("' OR 1=1 --", PASSWORD), ("%", PASSWORD), ("\u202emik", PASSWORD), ("kim", HASHER.hash(PASSWORD)),
    ],
)  # fmt: skip
def test_who_does_not_is_told_the_same_whoever_they_say_they_are(tell: Tell, name: str, password: str) -> None:
    async def story(there: Visited) -> tuple[Answer, Answer, int]:
        expected = await there.browser().sign_in("kim", "wrong")
        answer = await there.browser().sign_in(name, password)
        return expected, answer, len(all_sessions(there))

    expected, answer, count = tell(story)
    assert (answer.status, count) == (expected.status, 0) == (403, 0)
    assert answer.body.count(WRONG) == 1
    assert shape(answer) == shape(expected)
    assert not password or password not in answer.body


def shape(answer: Answer) -> tuple[Any, ...]:
    """A page without what its visitor typed, and what is by chance."""
    lines = re.sub(r"<input[^>]*>", "", answer.body)
    kept = {name for name in answer.headers if name not in ("date", "content-length")}
    return lines, kept, len(answer.cookies)


def test_a_name_that_was_typed_is_shown_as_text(tell: Tell) -> None:
    answer = tell(lambda there: there.browser().sign_in('"><script>alert(1)</script>'))
    assert "<script>" not in answer.body
    assert 'value="&#34;&gt;&lt;script&gt;' in answer.body


def test_as_much_is_computed_for_a_name_that_nobody_has(tell: Tell) -> None:
    compared: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            compared.append(str(hash))
            return super().verify(hash, password)

    async def story(there: Visited) -> None:
        there.passwords._hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
        there.change(lambda conn: accounts.remove(conn, employ_more(conn), 0.0))
        for name in ("kim", "nobody", "gone"):
            await there.browser().sign_in(name, "wrong")

    def employ_more(conn: Connection) -> int:
        row = conn.execute(select(users)).one()._mapping
        made = conn.execute(users.insert(), {**row, "id": row["id"] + 1, "name": "gone"}).inserted_primary_key
        assert made is not None
        return int(made[0])

    tell(story)
    assert len(compared) == 3
    kims, nobodys, gones = compared
    assert nobodys == gones != kims
    assert nobodys.split("$")[:4] == kims.split("$")[:4]


def test_the_session_is_a_new_one_whatever_the_browser_brings(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        attacker = there.browser()
        await attacker.sign_in()
        planted = attacker.cookies["textback"]
        victim = there.browser(cookies={"textback": planted})
        await victim.sign_in()
        assert victim.cookies["textback"] != planted
        # what was planted is over, as its place was taken
        assert (await attacker.get("/account")).status == 303
        made_up = there.browser(cookies={"textback": "f" * 43 + ":" + "f" * 43})
        await made_up.sign_in()
        assert made_up.cookies["textback"].partition(":")[0] != "f" * 43

    tell(story)


def test_who_signs_in_while_signed_in_takes_the_place(tell: Tell, store: Engine) -> None:
    employ(store, "lee")

    async def story(there: Visited) -> None:
        browser = there.browser()
        await browser.sign_in()
        page = await browser.get("/sign-in")
        assert "You are signed in as Kim." in page.body
        await browser.sign_in("lee")
        assert "<strong>lee</strong>" in (await browser.get("/account")).body
        assert len(all_sessions(there)) == 1

    tell(story)


def test_without_https_the_cookies_come_back_all_the_same(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        await browser.get("/sign-in")
        assert flags(browser) == {"textback-door": {"HttpOnly", "Path=/", "SameSite=lax"}}
        await browser.sign_in()
        assert flags(browser)["textback"] == {"HttpOnly", "Path=/", "SameSite=lax"}

    tell(story)


def test_with_https_the_cookies_are_ours_alone(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        answer = await browser.sign_in()
        ours = {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
        assert flags(browser) == {"__Host-textback": ours, "__Host-textback-door": ours | {"Max-Age=0"}}
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert (await browser.get("/account")).status == 200
        # the name without the prefix, which another host of the domain could set, counts for nothing
        weak = there.browser(cookies={"textback": browser.cookies["__Host-textback"]})
        assert (await weak.get("/account")).status == 303

    tell(story, public=True)


TARGETS = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "http:evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    "evil.example", "/sign-out", "/sign-in", "/sign-in?next=/", "/\x00", "", " /x", "/a b", "/x\r\nSet-Cookie: a=b",
    "/" + "x" * 3000, "//[", "/\u2028/x", "@evil.example", "/.evil\\@x",
]  # fmt: skip


def test_nobody_is_led_elsewhere(tell: Tell) -> None:
    async def story(there: Visited) -> list[Answer]:
        browser = there.browser()
        answers = []
        for target in TARGETS:
            form = fields(await browser.get("/sign-in")) | {"name": "kim", "password": PASSWORD}
            answers.append(await browser.post("/sign-in", form | {"next": target}))
            answers.append(await browser.sign_in(target=target))
        return answers

    for answer in tell(story):
        assert (answer.status, answer.headers["location"]) == (303, "/")
        assert not any(cookie.startswith("a=") for cookie in answer.cookies)


def test_everybody_is_led_to_where_they_wanted(tell: Tell) -> None:
    targets = ["/", "/calls?q=%2B1202&page=2", "/calls/main%2F17.2", "/x#y", "/a/../b", "/a//b", "/?next=//x"]

    async def story(there: Visited) -> list[str]:
        return [(await there.browser().sign_in(target=target)).headers["location"] for target in targets]

    assert tell(story) == targets


def test_who_opens_a_page_is_led_back_to_it(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        sent = await browser.get("/account?done=shortcuts&x=%C3%BC%26")
        form = fields(await browser.get(sent.headers["location"])) | {"name": "kim", "password": PASSWORD}
        answer = await browser.post("/sign-in", form)
        assert answer.headers["location"] == "/account?done=shortcuts&x=%C3%BC%26"

    tell(story)


@pytest.mark.parametrize("csrf", ["", "x", "x" * 43, "\u00e9" * 43])
def test_a_form_that_is_not_from_our_page_signs_nobody_in(tell: Tell, csrf: str) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        await browser.get("/sign-in")
        answer = await browser.post("/sign-in", {"name": "kim", "password": PASSWORD, "csrf": csrf})
        assert (answer.status, OVERDUE in answer.body, all_sessions(there)) == (403, True, [])
        assert "textback" not in browser.cookies
        again = fields(answer) | {"name": "kim", "password": PASSWORD}
        assert (await browser.post("/sign-in", again)).status == 303

    tell(story)


def test_the_form_of_another_browser_signs_nobody_in(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        attacker, victim = there.browser(), there.browser()
        form = fields(await attacker.get("/sign-in")) | {"name": "kim", "password": PASSWORD}
        assert (await victim.post("/sign-in", form)).status == 403
        await victim.get("/sign-in")
        assert (await victim.post("/sign-in", form)).status == 403
        assert all_sessions(there) == []

    tell(story)


def test_a_form_that_was_open_too_long_is_shown_again(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        form = fields(await browser.get("/sign-in")) | {"name": "kim", "password": PASSWORD}
        there.time.now += OPEN_FOR
        answer = await browser.post("/sign-in", form)
        assert answer.status == 403 and OVERDUE in answer.body and 'value="kim"' in answer.body

    tell(story)


def test_a_form_in_another_tab_remains_good(tell: Tell) -> None:
    async def story(there: Visited) -> int:
        browser = there.browser()
        first = fields(await browser.get("/sign-in"))
        there.time.now += 60
        await browser.get("/sign-in")
        return (await browser.post("/sign-in", first | {"name": "kim", "password": PASSWORD})).status

    assert tell(story) == 303


FOREIGN = [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1"},
    {"Origin": "http://localhost:1"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "cross-site", "Origin": None}, {"Origin": "http://127.0.0.1:99999"}, {"Origin": "http://[::1"},
]  # fmt: skip


def test_a_foreign_page_signs_nobody_in(tell: Tell) -> None:
    async def story(there: Visited) -> None:
        for headers in FOREIGN:
            browser = there.browser()
            answer = await browser.sign_in(**headers)
            assert answer.status == 403 and "from a page that is not ours" in answer.body, headers
            assert all_sessions(there) == [] and "textback" not in browser.cookies

    tell(story)


@pytest.mark.parametrize("headers", [{"Origin": None}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}])
def test_a_browser_that_says_little_of_itself_is_no_foreign_page(tell: Tell, headers: dict[str, str | None]) -> None:
    assert tell(lambda there: there.browser().sign_in(**headers)).status == 303


def test_behind_a_proxy_the_public_page_is_ours_whatever_the_proxy_asks_for(tell: Tell) -> None:
    async def story(there: Visited) -> list[int]:
        inside = there.browser(host=f"127.0.0.1:{there.site.port}")
        tries = (
            {"Origin": PUBLIC}, {"Origin": PUBLIC + ":443"}, {"Origin": f"http://127.0.0.1:{there.site.port}"},
            {"Origin": PUBLIC.replace("https", "http")}, {"Origin": PUBLIC + ".evil.example"},
            {"Origin": PUBLIC + ":8443"},
        )  # fmt: skip
        return [(await inside.sign_in(**headers)).status for headers in tries]

    assert tell(story, public=True) == [303, 303, 303, 403, 403, 403]


def test_who_guesses_waits_and_is_told_for_how_long(tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    async def story(there: Visited) -> None:
        browser = there.browser()
        for _ in range(FOR_BOTH):
            assert (await browser.sign_in("kim", "wrong")).status == 403
        there.time.now += 100
        answer = await browser.sign_in()
        assert (answer.status, answer.headers["retry-after"]) == (429, str(int(WINDOW - 100)))
        assert "Wait 14 minutes" in answer.body and all_sessions(there) == []
        for _ in range(FOR_BOTH):
            assert (await browser.sign_in("nobody", "wrong")).status == 403
        other = await browser.sign_in("nobody")
        assert (other.status, shape(other)[1:]) == (429, shape(answer)[1:])
        there.time.now += WINDOW
        assert (await browser.sign_in()).status == 303
        assert there.change(lambda conn: len(conn.execute(select(sign_in_failures)).all())) == FOR_BOTH

    with caplog.at_level(logging.WARNING):
        tell(story)
    told = [record.getMessage() for record in caplog.records if "wrong passwords" in record.getMessage()]
    assert told == ["127.0.0.1: somebody has tried too many wrong passwords, and must wait"]


def test_a_thousand_wrong_passwords_keep_out_nobody_else(tell: Tell) -> None:
    async def story(there: Visited) -> tuple[int, int]:
        attacker = there.browser(address="203.0.113.66")
        form = fields(await attacker.get("/sign-in"))
        answers = []
        for start in range(0, 1000, 50):
            tries = [form | {"name": f"name{number % 11}", "password": "wrong"} for number in range(start, start + 50)]
            answers += await asyncio.gather(*(attacker.post("/sign-in", tried) for tried in tries))
        refused = sum(answer.status == 429 for answer in answers)
        return refused, (await there.browser(address="203.0.113.67").sign_in()).status

    assert tell(story, public=True) == (980, 303)


def test_where_somebody_is_a_proxy_tells_in_its_last_hop(tell: Tell, store: Engine) -> None:
    async def story(there: Visited) -> list[str]:
        for address in ("203.0.113.5", "10.0.0.1, 203.0.113.6", "x", "", "2001:db8::7", "203.0.113.7:99"):
            await there.browser(address=address).sign_in()
        return [row.address for row in all_sessions(there)]

    assert sorted(tell(story, public=True)) == sorted(
        ["203.0.113.5", "203.0.113.6", "127.0.0.1", "127.0.0.1", "2001:db8::7", "127.0.0.1"]
    )


def test_without_a_proxy_nobody_is_believed_to_be_elsewhere(tell: Tell) -> None:
    async def story(there: Visited) -> list[str]:
        await there.browser(address="203.0.113.5").sign_in()
        return [row.address for row in all_sessions(there)]

    assert tell(story) == ["127.0.0.1"]


def test_a_hash_of_old_parameters_is_made_anew(tell: Tell, store: Engine) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)

    async def story(there: Visited) -> str:
        there.change(lambda conn: conn.execute(update(users).values(password_hash=old)))
        browser = there.browser()
        assert (await browser.sign_in()).status == 303
        assert (await browser.get("/account")).status == 200
        return str(there.change(lambda conn: conn.execute(select(users.c.password_hash)).scalar()))

    new = tell(story)
    assert new != old and HASHER.verify(new, PASSWORD) and not HASHER.check_needs_rehash(new)


def test_whoever_was_removed_cannot_sign_in(tell: Tell, kim: int) -> None:
    async def story(there: Visited) -> tuple[int, list[Any]]:
        there.change(accounts.remove, kim, there.time.now)
        return (await there.browser().sign_in()).status, all_sessions(there)

    assert tell(story) == (403, [])


def test_a_password_that_changes_while_it_is_compared_lets_nobody_in(tell: Tell, kim: int) -> None:
    async def story(there: Visited) -> tuple[int, list[Any]]:
        usual = there.passwords.fits

        async def fits(password: str, stored: str | None) -> bool:
            is_right = await usual(password, stored)
            there.change(accounts.set_password, kim, HASHER.hash("another one"), there.time.now)
            return is_right

        there.passwords.fits = fits  # type: ignore[method-assign]
        return (await there.browser().sign_in()).status, all_sessions(there)

    assert tell(story) == (403, [])


def test_signing_in_and_out_is_written_down(tell: Tell) -> None:
    async def story(there: Visited) -> list[tuple[str, ...]]:
        browser = there.browser()
        await browser.sign_in()
        await browser.sign_in("kim", "wrong")
        answer = await browser.post("/sign-out", {"csrf": await browser.csrf()})
        assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
        assert browser.cookies.keys() & {"textback"} == set()
        rows = there.change(lambda conn: conn.execute(select(audit).order_by(audit.c.id)).all())
        return [(row.who, row.action, row.detail) for row in rows]

    assert tell(story) == [("kim", "signed_in", "from 127.0.0.1"), ("kim", "signed_out", None)]


def test_a_session_that_was_signed_out_is_over_for_whoever_copied_it(tell: Tell) -> None:
    async def story(there: Visited) -> tuple[int, list[Any]]:
        browser = there.browser()
        await browser.sign_in()
        thief = there.browser(cookies=dict(browser.cookies))
        assert (await thief.get("/account")).status == 200
        await browser.post("/sign-out", {"csrf": await browser.csrf()})
        return (await thief.get("/account")).status, all_sessions(there)

    assert tell(story) == (303, [])


@pytest.mark.parametrize("form", [{}, {"csrf": "x" * 43}])
def test_nobody_is_signed_out_by_a_foreign_page(tell: Tell, form: dict[str, str]) -> None:
    async def story(there: Visited) -> tuple[int, int, int]:
        browser = there.browser()
        await browser.sign_in()
        refused = (await browser.post("/sign-out", form)).status
        return refused, (await browser.get("/sign-out")).status, (await browser.get("/account")).status

    assert tell(story) == (403, 405, 200)


def test_where_nobody_can_sign_in_the_page_says_how_to_change_that(tell: Tell, kim: int) -> None:
    async def story(there: Visited) -> tuple[str, str]:
        with_kim = (await there.browser().get("/sign-in")).body
        there.change(accounts.remove, kim, there.time.now)
        return with_kim, (await there.browser().get("/sign-in")).body

    before, after = tell(story)
    assert "textback user add" not in before and "textback user add NAME" in after


def test_too_many_at_once_are_asked_to_come_again(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textback.passwords.MOST", 0)
    answer = tell(lambda there: there.browser().sign_in())
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "Many people sign in at this moment" in answer.body


def test_a_cookie_of_ours_is_never_more_than_its_value(tell: Tell) -> None:
    async def story(there: Visited) -> SimpleCookie:
        browser = there.browser()
        await browser.sign_in()
        return SimpleCookie(browser.said[0])

    morsel = tell(story)["textback"]
    assert morsel["expires"] == morsel["max-age"] == morsel["domain"] == ""
