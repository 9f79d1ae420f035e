"""Who somebody is, from one click to the next, and what they may do; a form without the token does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from textback.model import Role
from textback.store import accounts, sessions
from textback.store.sessions import IDLE, LONGEST, NOTED_EVERY
from textback.store.staff_tables import sessions as table
from textback.web.access import csrf_of, form_of, require, staff_now, staff_of

from .browser import HASH, Browser, Visited, employ
from .visitor import Answer

Tell = Callable[..., Any]
HIDDEN = "what only managers see"


async def who(request: Request) -> Response:
    staff = staff_of(request)
    return PlainTextResponse(f"{staff.name if staff else None} {csrf_of(request)}")


async def managers(request: Request) -> Response:
    require(request, Role.MANAGER)
    return PlainTextResponse(HIDDEN)


class Book:
    """Remembers what was done."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def write(self, request: Request) -> Response:
        form = await form_of(request)
        self.done.append(form["text"])
        return PlainTextResponse("done")

    async def manage(self, request: Request) -> Response:
        form = await form_of(request, Role.MANAGER)
        self.done.append(form["text"])
        return PlainTextResponse("done")

    def routes(self) -> list[Route]:
        return [
            Route("/who", who), Route("/managers", managers), Route("/write", self.write, methods=["POST"]),
            Route("/manage", self.manage, methods=["POST"]),
        ]  # fmt: skip


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture(autouse=True)
def kim(store: Engine) -> int:
    return employ(store)


async def signed_in(there: Visited, name: str = "kim") -> Browser:
    browser = there.browser()
    assert (await browser.sign_in(name)).status == 303
    return browser


async def name_of(browser: Browser) -> str:
    return (await browser.get("/who")).body.partition(" ")[0]


def seen_at(there: Visited) -> float:
    return float(there.change(lambda conn: conn.execute(select(table.c.seen_at)).scalar()))


def test_nobody_is_nobody(tell: Tell, book: Book) -> None:
    assert tell(lambda there: there.browser().get("/who"), *book.routes()).body == "None "


def test_a_forged_cookie_costs_no_look(tell: Tell, book: Book, store: Engine) -> None:
    async def story(there: Visited) -> list[str]:
        browser = await signed_in(there)
        token, _, mark = browser.cookies["textback"].partition(":")
        forged = ["", token, f"{token}:", f":{mark}", f"{token}:{mark[:-1]}", f"{token}x:{mark}", f"x:{token}:{mark}",
                  f"{token}:{'A' * 43}", "\u00e9:\u00e9", "x" * 4000]  # fmt: skip
        asked: list[str] = []
        event.listen(store, "before_cursor_execute", lambda *given: asked.append(given[2]))
        names = [await name_of(there.browser(cookies={"textback": cookie})) for cookie in forged]
        assert asked == []
        assert await name_of(browser) == "kim"
        assert [statement.split()[0] for statement in asked] == ["BEGIN", "SELECT"]
        return names

    assert set(tell(story, *book.routes())) == {"None"}


def test_the_cookie_of_the_sign_in_form_is_no_session(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> str:
        browser = there.browser()
        await browser.get("/sign-in")
        return await name_of(there.browser(cookies={"textback": browser.cookies["textback-door"]}))

    assert tell(story, *book.routes()) == "None"


def test_who_does_nothing_for_long_must_sign_in_again(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> list[str]:
        browser = await signed_in(there)
        there.time.now += IDLE - 1
        first = await name_of(browser)
        await there.access.write(lambda conn: None)  # what was noted is written by then
        there.time.now += IDLE - 1
        second = await name_of(browser)
        await there.access.write(lambda conn: None)
        there.time.now += IDLE
        return [first, second, await name_of(browser)]

    assert tell(story, *book.routes()) == ["kim", "kim", "None"]


def test_nobody_stays_signed_in_for_ever(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> list[str]:
        browser, names = await signed_in(there), []
        for _ in range(int(LONGEST / 36_000) + 1):
            there.time.now += 36_000
            names.append(await name_of(browser))
            await there.access.write(lambda conn: None)
        return names

    names = tell(story, *book.routes())
    assert names == ["kim"] * (len(names) - 1) + ["None"]


def test_that_somebody_is_there_is_written_once_a_minute(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> list[float]:
        browser, times = await signed_in(there), []
        start = there.time.now
        for after in (1.0, NOTED_EVERY - 1, NOTED_EVERY, NOTED_EVERY + 30):
            there.time.now = start + after
            await asyncio.gather(*(browser.get("/who") for _ in range(5)))
            await there.access.write(lambda conn: None)
            times.append(seen_at(there) - start)
        return times

    assert tell(story, *book.routes()) == [0, 0, NOTED_EVERY, NOTED_EVERY]


def test_a_page_that_only_listens_is_no_sign_that_anybody_is_there(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> float:
        browser = await signed_in(there)
        start = there.time.now
        there.time.now += 3600
        await browser.get("/who", Accept="text/event-stream")
        await there.access.write(lambda conn: None)
        return seen_at(there) - start

    assert tell(story, *book.routes()) == 0


def test_whoever_was_removed_is_out_at_once(tell: Tell, book: Book, kim: int) -> None:
    async def story(there: Visited) -> tuple[str, int]:
        browser = await signed_in(there)
        csrf = await browser.csrf()
        there.change(accounts.remove, kim, there.time.now)
        return await name_of(browser), (await browser.post("/write", {"csrf": csrf, "text": "x"})).status

    assert tell(story, *book.routes()) == ("None", 401)
    assert book.done == []


def test_a_new_password_ends_what_the_old_one_opened(tell: Tell, book: Book, kim: int) -> None:
    async def story(there: Visited) -> str:
        browser = await signed_in(there)
        there.change(accounts.set_password, kim, HASH, there.time.now)
        return await name_of(browser)

    assert tell(story, *book.routes()) == "None"


def test_a_session_that_is_revoked_is_over_and_others_are_not(tell: Tell, book: Book, kim: int) -> None:
    async def story(there: Visited) -> tuple[str, str]:
        first, second = await signed_in(there), await signed_in(there)
        hashed = sessions.hash_of(first.cookies["textback"].partition(":")[0])
        there.change(sessions.end, hashed)
        return await name_of(first), await name_of(second)

    assert tell(story, *book.routes()) == ("None", "kim")


def test_a_new_role_holds_from_the_next_click_on(tell: Tell, book: Book, kim: int) -> None:
    async def story(there: Visited) -> tuple[Answer, Answer]:
        browser = await signed_in(there)
        before = await browser.get("/managers")
        there.change(accounts.change, kim, role=Role.MANAGER)
        return before, await browser.get("/managers")

    before, after = tell(story, *book.routes())
    assert (before.status, after.status) == (403, 200)
    assert "with the role manager" in before.body and HIDDEN not in before.body


@pytest.mark.parametrize(("role", "status"), [(Role.STAFF, 403), (Role.MANAGER, 200), (Role.ADMIN, 200)])
def test_who_may_more_may_less_too(tell: Tell, book: Book, store: Engine, role: Role, status: int) -> None:
    employ(store, "lee", role)

    async def story(there: Visited) -> tuple[int, int]:
        browser = await signed_in(there, "lee")
        form = {"csrf": await browser.csrf(), "text": "x"}
        return (await browser.get("/managers")).status, (await browser.post("/manage", form)).status

    assert tell(story, *book.routes()) == (status, status)
    assert book.done == (["x"] if status == 200 else [])


def test_who_is_signed_out_is_led_to_sign_in_but_does_nothing(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> list[tuple[int, str | None]]:
        browser = there.browser()
        answers = [
            await browser.get("/managers?a=b&c=%26"), await browser.ask("HEAD", "/managers"),
            await browser.get("/managers", Sec_Fetch_Dest="empty"), await browser.post("/write", {"text": "x"}),
            await browser.get("/managers", Sec_Fetch_Dest="document"),
        ]  # fmt: skip
        return [(answer.status, answer.headers.get("location")) for answer in answers]

    plain = (303, "/sign-in?next=/managers")
    assert tell(story, *book.routes()) == [
        (303, "/sign-in?next=/managers%3Fa%3Db%26c%3D%2526"), plain, (401, None), (401, None), plain,
    ]  # fmt: skip
    assert book.done == []


def test_a_form_does_what_it_says(tell: Tell, book: Book) -> None:
    async def story(there: Visited) -> int:
        browser = await signed_in(there)
        return (await browser.post("/write", {"csrf": await browser.csrf(), "text": "Zo\u00eb \U0001f44d\n"})).status

    assert tell(story, *book.routes()) == 200
    assert book.done == ["Zo\u00eb \U0001f44d\n"]


def test_a_form_without_the_sessions_own_token_does_nothing(tell: Tell, book: Book, store: Engine) -> None:
    employ(store, "lee")

    async def story(there: Visited) -> list[Answer]:
        browser = await signed_in(there)
        mine, old = await browser.csrf(), await (await signed_in(there)).csrf()
        others = await (await signed_in(there, "lee")).csrf()
        door = there.browser()
        await door.get("/sign-in")
        wrong = ["", "x", others, old, mine[:-1], mine + "x", mine.upper(), door.cookies["textback-door"],
                 browser.cookies["textback"], "\u00e9", "\0" * 43]  # fmt: skip
        forms = [{"text": "x"}, *({"csrf": csrf, "text": "x"} for csrf in wrong)]
        await browser.sign_in()  # a new session, and the token of the one before is void
        forms.append({"csrf": mine, "text": "x"})
        return [await browser.post("/write", form) for form in forms]

    for answer in tell(story, *book.routes()):
        assert answer.status == 403 and "Nothing was done. Reload the page" in answer.body
    assert book.done == []


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_a_foreign_page_does_nothing_even_with_the_token(tell: Tell, book: Book, headers: dict[str, str]) -> None:
    async def story(there: Visited) -> Answer:
        browser = await signed_in(there)
        return await browser.post("/write", {"csrf": await browser.csrf(), "text": "x"}, **headers)

    assert tell(story, *book.routes()).status == 403
    assert book.done == []


def test_a_page_that_stays_open_learns_when_it_is_over(tell: Tell, kim: int) -> None:
    async def live(request: Request) -> Response:
        there = request.app.state.there

        async def parts() -> Any:
            before = await staff_now(request)
            there.change(accounts.remove, kim, there.time.now)
            after = await staff_now(request)
            yield f"{before.name if before else None} {after} {require(request).name}"

        return StreamingResponse(parts())

    async def story(there: Visited) -> str:
        there.app.state.there = there
        return (await (await signed_in(there)).get("/live")).body

    assert "kim None kim" in tell(story, Route("/live", live))
