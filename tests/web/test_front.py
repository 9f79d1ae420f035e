"""What holds for every page: by which name it is asked for, from where it is done, and what every answer says."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from textback.store.engine import StoreError
from textback.web.access import form_of
from textback.web.forms import LIMIT
from textback.web.headers import POLICY

from .browser import PASSWORD, Visited, employ
from .visitor import Answer

Tell = Callable[..., Any]
SECRET = "+12025550143 said hello"


def failing(error: Exception) -> Route:
    async def endpoint(request: Request) -> Response:
        raise error

    return Route("/fails", endpoint)


async def take(request: Request) -> Response:
    form = await form_of(request)
    return PlainTextResponse(form.get("text", ""))


def ask(tell: Tell, method: str, target: str, *routes: Route, **headers: str | None) -> Answer:
    answer: Answer = tell(lambda there: there.browser().ask(method, target, **headers), *routes)
    return answer


HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
}


def test_every_answer_says_how_it_may_be_used(tell: Tell) -> None:
    async def story(there: Visited) -> list[Answer]:
        browser = there.browser()
        asked = ("/sign-in", "/account", "/nothing", "/fails", "/static/no.css", "/healthz")
        odd = [await browser.get("/sign-in", Host="evil.example"), await browser.post("/sign-in", {}, Origin="null")]
        return [await browser.get(target) for target in asked] + odd

    answers = tell(story, failing(ValueError(SECRET)))
    assert [answer.status for answer in answers] == [200, 303, 404, 500, 404, 404, 421, 403]
    for answer in answers:
        assert answer.headers.items() >= HEADERS.items()
        assert "permissions-policy" in answer.headers and "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers


def test_the_policy_allows_nothing_but_our_own_files() -> None:
    allowed = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert allowed.pop("default-src") == allowed.pop("base-uri") == allowed.pop("frame-ancestors") == "'none'"
    assert set(allowed.values()) == {"'self'"}


def test_a_page_that_may_be_kept_says_so_itself(tell: Tell) -> None:
    async def kept(request: Request) -> Response:
        return PlainTextResponse("x", headers={"Cache-Control": "max-age=60"})

    assert ask(tell, "GET", "/kept", Route("/kept", kept)).headers["cache-control"] == "max-age=60"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.example"])
def test_by_a_strange_name_nothing_is_served(tell: Tell, store: Engine, host: str) -> None:
    employ(store)

    async def story(there: Visited) -> list[Answer]:
        browser = there.browser()
        await browser.sign_in()
        return [await browser.get(target, Host=host) for target in ("/account", "/sign-in", "/nothing", "/static/x")]

    for answer in tell(story):
        assert answer.status == 421
        assert "public_url" in answer.body and "kim" not in answer.body and "evil" not in answer.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "10.1.2.3:80", "localhost."])
def test_by_an_address_or_a_name_of_ours_it_is(tell: Tell, host: str) -> None:
    assert ask(tell, "GET", "/sign-in", Host=host).status == 200


@pytest.mark.parametrize("host", ["", "a b", "[::1", "a/b", "user@localhost", "localhost:port", "-", "\u00e9"])
def test_what_is_no_host_is_no_request(tell: Tell, host: str) -> None:
    answer = ask(tell, "GET", "/sign-in", Host=host)
    assert answer.status == 400 and "<h1>That was no request" in answer.body


def test_who_does_not_say_whom_they_ask_is_refused(tell: Tell) -> None:
    assert tell(lambda there: there.site.say(b"GET /sign-in HTTP/1.0\r\n\r\n")).status == 400


def test_the_public_name_is_ours_where_there_is_one(tell: Tell) -> None:
    async def story(there: Visited) -> list[int]:
        hosts = ("text.clinic.example", "TEXT.clinic.example:443", "clinic.example", "127.0.0.1:1")
        return [(await there.browser(host=host).get("/sign-in")).status for host in hosts]

    assert tell(story, public=True) == [200, 200, 421, 200]


def test_what_is_not_there_looks_like_any_page(tell: Tell, store: Engine) -> None:
    employ(store)

    async def story(there: Visited) -> tuple[Answer, Answer]:
        browser = there.browser()
        stranger = await browser.get("/nothing/<script>")
        await browser.sign_in()
        return stranger, await browser.get("/nothing")

    for answer in tell(story):
        assert answer.status == 404 and "<h1>There is nothing here</h1>" in answer.body
        assert answer.headers["content-type"] == "text/html; charset=utf-8" and "nothing/" not in answer.body


@pytest.mark.parametrize(
    "target", ["//", "//evil.example/x", "/%00", "/%ff%fe", "/../etc/passwd", "/sign-in/", "/sign-in%2f", "/x" * 4000]
)
def test_odd_paths_are_not_there(tell: Tell, target: str) -> None:
    assert ask(tell, "GET", target).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW", "TRACE"])
def test_another_method_is_refused_with_those_there_are(tell: Tell, method: str) -> None:
    answer = ask(tell, method, "/account")
    assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "<h1>That cannot be done here</h1>" in answer.body


def test_who_asks_for_the_head_gets_it_alone(tell: Tell) -> None:
    async def story(there: Visited) -> tuple[Answer, Answer]:
        return await there.browser().get("/sign-in"), await there.browser().ask("HEAD", "/sign-in")

    whole, head = tell(story)
    assert (head.status, head.body, head.headers.keys()) == (200, "", whole.headers.keys())


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ValueError(SECRET), 500, "a fault of ours with a page: ValueError at tests.web.test_front:"),
        (OperationalError("SELECT ?", SECRET, Exception("server closed")), 503, "the database does not answer a page"),
        (StoreError("gone"), 503, "the database does not answer a page: gone"),
    ],
)
def test_a_fault_is_a_calm_page_and_one_line_in_the_log(
    tell: Tell, caplog: pytest.LogCaptureFixture, error: Exception, status: int, told: str
) -> None:
    async def story(there: Visited) -> list[Answer]:
        return [await there.browser().get("/fails") for _ in range(5)]

    with caplog.at_level(logging.DEBUG):
        answers = tell(story, failing(error))
    assert [answer.status for answer in answers] == [status] * 5
    assert ("retry-after" in answers[0].headers) == (status == 503)
    assert all(SECRET not in answer.body and "Traceback" not in answer.body for answer in answers)
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.getMessage().startswith(told) and SECRET not in caplog.text


def test_a_database_that_is_gone_is_said_to_be(tell: Tell, store: Engine) -> None:
    employ(store)

    async def story(there: Visited) -> list[Answer]:
        browser = there.browser()
        await browser.sign_in()
        file = Path(str(store.url.database))
        away = file.rename(file.with_suffix(".away"))
        kept = [await browser.get(target) for target in ("/account", "/sign-in", "/nothing", "/static/x")]
        away.rename(file)
        return [*kept, await browser.get("/account")]

    account, sign_in, nothing, static, again = tell(story)
    for answer in (account, sign_in, nothing):
        assert answer.status == 503 and "Nothing is lost" in answer.body
    assert (static.status, again.status) == (404, 200)


def test_a_fault_in_the_middle_of_an_answer_ends_it(tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    async def half(request: Request) -> Response:
        async def parts() -> Any:
            yield "one"
            raise ValueError(SECRET)

        return StreamingResponse(parts())

    with caplog.at_level(logging.DEBUG):
        answer = ask(tell, "GET", "/half", Route("/half", half))
    assert answer.status == 200 and "one" in answer.body and SECRET not in caplog.text
    assert "a fault of ours with a page: ValueError at tests.web.test_front:" in caplog.text


def test_a_form_is_taken_up_to_its_limit(tell: Tell, store: Engine) -> None:
    employ(store)

    async def story(there: Visited) -> list[int]:
        browser = there.browser()
        await browser.sign_in()
        csrf, statuses = await browser.csrf(), []
        spare = LIMIT - len(f"csrf={csrf}&text=")
        for length in (0, spare, spare + 1, 1_000_000):
            statuses.append((await browser.post("/take", {"csrf": csrf, "text": "x" * length})).status)
        many = [("csrf", csrf)] + [("text", "")] * 500
        statuses.append((await browser.post("/take", many)).status)
        statuses.append((await browser.post("/take", {"csrf": csrf}, Content_Type="multipart/form-data")).status)
        statuses.append((await browser.post("/take", {"csrf": csrf}, Content_Type=None)).status)
        wrong = {"Content_Type": "application/x-www-form-urlencoded"}
        statuses.append((await browser.ask("POST", "/take", b"csrf=%ff", **wrong)).status)
        statuses.append((await browser.ask("POST", "/take", b"\xff\xfe", **wrong)).status)
        return statuses

    statuses = tell(story, Route("/take", take, methods=["POST"]))
    assert statuses == [200, 200, 413, 413, 400, 415, 415, 400, 400]


def test_a_form_of_fifty_megabytes_is_refused_before_it_comes(tell: Tell) -> None:
    head = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\nConnection: close\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    answer = tell(lambda there: there.site.say((head + form).encode()))
    assert answer.status == 413 and "<h1>That is too much</h1>" in answer.body


def test_a_form_that_does_not_come_is_not_waited_for(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textback.web.forms.PATIENCE", 0.01)
    head = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=k"
    assert tell(lambda there: there.site.say((head + form).encode())).status == 408


def test_whatever_is_sent_no_page_is_at_fault(tell: Tell, store: Engine, caplog: pytest.LogCaptureFixture) -> None:
    employ(store)
    chance = random.Random(20261121)
    odd = ["", "\0", "\ud800", "'", '"', "%00", "%ff", "\u202e", "\U0001f44d", "a" * 2000, "..", "//", ";", "\r\n"]

    def text() -> str:
        return "".join(chance.choice([*odd, chr(chance.randrange(0x3000))]) for _ in range(chance.randrange(4)))

    def body() -> bytes:
        named = ("csrf", "name", "password", "next", "old", "new", "again", "session", "shortcuts")
        pairs = [f"{name}={quote(text(), errors='surrogatepass')}" for name in named if chance.random() < 0.8]
        return chance.choice(["&", ";"]).join(pairs).encode()

    async def story(there: Visited) -> set[int]:
        browser = there.browser(address="203.0.113.9")
        await browser.sign_in()
        kept, statuses = dict(browser.cookies), set()
        paths = [route.path for route in there.app.routes if isinstance(route, Route)]
        for _ in range(400):
            signed_in = {"__Host-textback": kept["__Host-textback"]}
            browser.cookies = signed_in if chance.random() < 0.7 else {"textback": quote(text(), errors="replace")}
            there.time.now += 100
            said = [quote(text(), errors="surrogatepass") for _ in range(2)]
            target = f"{chance.choice(paths)}?next={said[0]}&done={said[1]}"
            if chance.random() < 0.5:
                answer = await browser.get(target)
            else:
                form = "application/x-www-form-urlencoded"
                answer = await browser.ask("POST", target, body(), Content_Type=form, Origin=browser.origin)
            statuses.add(answer.status)
        return statuses

    statuses = tell(story, public=True)
    assert {200, 303, 401, 403} <= statuses <= {200, 303, 400, 401, 403, 405, 415, 422, 429}
    assert "fault" not in caplog.text


def test_the_password_is_no_part_of_any_page(tell: Tell, store: Engine, caplog: pytest.LogCaptureFixture) -> None:
    employ(store)

    async def story(there: Visited) -> list[Answer]:
        browser = there.browser()
        first = await browser.sign_in("kim", PASSWORD + "x")
        return [first, await browser.sign_in(), await browser.get("/account")]

    with caplog.at_level(logging.DEBUG):
        answers = tell(story)
    assert all(PASSWORD not in str(answer) for answer in answers) and PASSWORD not in caplog.text
