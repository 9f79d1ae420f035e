"""What machines are told that look after the daemon: whether it is well, and its figures, to whom they are for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette

from textback.book import PracticeBook
from textback.complaints import Complaints
from textback.health import HANGING, Health, LinkHealth
from textback.passwords import Passwords
from textback.sms.console import Console
from textback.web.access import Access
from textback.web.monitors import Monitors
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places

from .browser import NOW, Visited
from .visitor import Answer

TOKEN = "a token of the test's"
UP = LinkHealth("main", True, None, NOW - 5, 1200, 0)
BRANCH = replace(UP, pbx="branch", is_up=False, problem="no")
WELL = Health(NOW, (UP,), provider="twilio")
Tell = Callable[..., Any]


async def scrape(accept: str) -> tuple[bytes, str]:
    return b"textback_up 1\n", "text/plain; version=0.0.4; charset=utf-8"


def house(health: Health | None, token: str | None = None, runs: bool = True) -> Callable[..., Starlette]:
    def build(access: Access, places: Places, passwords: Passwords, complaints: Complaints) -> Starlette:
        office = Office(access, PracticeBook(), Console(), Live(access.look))
        monitors = Monitors(lambda: health, complaints, scrape if runs else None, token)
        return Site(office, places, passwords, complaints, monitors).app()

    return build


def asked(
    tell: Tell, path: str, build: Callable[..., Starlette], method: str = "GET", public: bool = False, **headers: str
) -> Answer:
    """What somebody on this computer is answered who is not signed in."""

    async def story(there: Visited) -> Answer:
        given = {"Host": f"127.0.0.1:{there.site.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return await there.site.ask(method, path, given)

    answer: Answer = tell(story, build=build, public=public)
    return answer


def test_a_daemon_that_is_well_says_so(tell: Tell) -> None:
    answer = asked(tell, "/healthz", house(WELL))
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok", "problems": []})
    assert answer.headers["cache-control"] == "no-store"
    words = asked(tell, "/healthz", house(WELL), Accept="text/html,*/*")
    assert (words.status, words.body) == (200, "ok\n") and words.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (replace(WELL, links=(UP, BRANCH)), "the link to branch is down: no"),
        (replace(WELL, database_failing_since=NOW - 30), "the database has taken nothing for 30 s"),
        (replace(WELL, database_busy_since=NOW - HANGING), "the database has not answered for 15 s"),
        (replace(WELL, provider_trouble="ours: no such account"), "the provider takes no texts: ours: no such account"),
        (replace(WELL, is_day_full=True), "as many segments have left within a day as per_day allows: the rest waits"),
        (replace(WELL, lines_in_trouble={"+12025550100": "x"}), "the provider refuses 1 of the lines"),
        (None, "nothing runs beside these pages"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_its_work_is_told_to_machines_and_to_people(
    tell: Tell, health: Health | None, reason: str
) -> None:
    answer = asked(tell, "/healthz", house(health))
    assert (answer.status, json.loads(answer.body)) == (503, {"status": "trouble", "problems": [reason]})
    words = asked(tell, "/healthz", house(health), Accept="text/plain")
    assert (words.status, words.body) == (503, f"{reason}\n")


def test_a_group_of_writes_that_takes_a_moment_is_no_problem(tell: Tell) -> None:
    assert asked(tell, "/healthz", house(replace(WELL, database_busy_since=NOW - HANGING + 1))).status == 200


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_reasons_tell_nobodys_number_and_obey_nobody(tell: Tell, accept: str) -> None:
    said = "of +12025550143, 12025550144 and 13055551401.\x1b[2J\nnext"
    down = replace(UP, is_up=False, problem=said)
    answer = asked(tell, "/healthz", house(replace(WELL, links=(down,), provider_trouble=said)), Accept=accept)
    assert answer.status == 503 and answer.body.count("•••") == 6
    assert not [number for number in ("2025550143", "2025550144", "3055551401") if number in answer.body]
    assert "\x1b" not in answer.body and "\nnext" not in answer.body and "\\n" not in answer.body


def test_a_monitor_may_ask_for_the_head_alone(tell: Tell) -> None:
    answer = asked(tell, "/healthz", house(replace(WELL, is_day_full=True)), method="HEAD")
    assert (answer.status, answer.body) == (503, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3:8080", "[::1]:8080", "localhost"])
@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_a_monitor_comes_by_address_or_localhost(tell: Tell, host: str, path: str) -> None:
    assert asked(tell, path, house(WELL), Host=host).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_a_name_that_is_not_ours_is_refused_as_everywhere(tell: Tell, path: str) -> None:
    assert asked(tell, path, house(WELL), Host="evil.example").status == 421


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/metrics", 200), ("/sign-in", 400)])
def test_a_load_balancer_of_http_1_0_need_not_say_a_host(tell: Tell, path: str, status: int) -> None:
    async def story(there: Visited) -> Answer:
        return await there.site.say(f"GET {path} HTTP/1.0\r\n\r\n".encode())

    assert tell(story, build=house(WELL)).status == status


# -- the figures -----------------------------------------------------------------------------------------------


def test_figures_are_for_this_computer(tell: Tell) -> None:
    answer = asked(tell, "/metrics", house(WELL))
    assert (answer.status, answer.body) == (200, "textback_up 1\n")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize("public", [True, False], ids=["with public_url", "without"])
@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "Via", "X_Forwarded_Host"])
def test_whoever_comes_through_a_proxy_is_elsewhere_whatever_it_says(tell: Tell, header: str, public: bool) -> None:
    answer = asked(tell, "/metrics", house(WELL), public=public, **{header: "127.0.0.1"})
    assert answer.status == 403 and "metrics_token" in answer.body and "textback_up" not in answer.body


@pytest.mark.parametrize("forwarded", [{}, {"X_Forwarded_For": "198.51.100.7"}])
@pytest.mark.parametrize(
    ("given", "status"),
    [(f"Bearer {TOKEN}", 200), (f"bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 401), (f"Basic {TOKEN}", 401),
     (TOKEN, 401), ("Bearer ", 401), ("Bearer \xe9", 401), (None, 401)],
)  # fmt: skip
def test_where_there_is_a_token_it_opens_from_everywhere_and_nothing_else_does(
    tell: Tell, given: str | None, status: int, forwarded: dict[str, str]
) -> None:
    headers = forwarded | ({} if given is None else {"Authorization": given})
    answer = asked(tell, "/metrics", house(WELL, token=TOKEN), **headers)
    assert answer.status == status and ("textback_up" in answer.body) is (status == 200)
    assert ("www-authenticate" in answer.headers) is (status == 401)


def test_who_is_refused_is_told_to_the_log_once_without_what_they_gave(
    tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(there: Visited) -> None:
        for _ in range(3):
            headers = {"Host": "127.0.0.1", "Authorization": "Bearer a wrong one"}
            assert (await there.site.ask("GET", "/metrics", headers)).status == 401

    tell(story, build=house(WELL, token=TOKEN))
    assert caplog.messages == ["127.0.0.1: asked for metrics without the right metrics_token"]


def test_pages_without_a_daemon_have_no_figures(tell: Tell) -> None:
    assert asked(tell, "/metrics", house(None, runs=False)).status == 503
