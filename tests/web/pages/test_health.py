"""The health page: for administrators, with what keeps the daemon from its work, and the buttons for held texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from starlette.applications import Starlette

from tests.practices import document
from tests.reports.invented import Invented, write
from tests.web.browser import NOW, Visited, employ, fields
from textback.book import PracticeBook
from textback.complaints import Complaints
from textback.health import Health, LinkHealth
from textback.model import Role, Status
from textback.passwords import Passwords
from textback.sms.console import Console
from textback.store import links, notices, practices, senders
from textback.store.notices import Channel
from textback.store.staff_tables import audit
from textback.store.tables import conversations, messages
from textback.web.access import Access
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places

UP = LinkHealth("main", True, None, NOW - 5, 1200, 0)
WELL = Health(NOW, (UP,), provider="twilio")
QUEUED: list[str] = []


def house(health: Health | None) -> Callable[[Access, Places, Passwords, Complaints], Starlette]:
    def build(access: Access, places: Places, passwords: Passwords, complaints: Complaints) -> Starlette:
        work = lambda: QUEUED.append("work")  # noqa: E731
        office = Office(access, PracticeBook(), Console(), Live(access.look), work, health=lambda: health)
        return Site(office, places, passwords, complaints).app()

    return build


@pytest.fixture
def clinic(store: Engine) -> Engine:
    """A held text, one of unknown fate, and an administrator."""
    QUEUED.clear()
    employ(store, "root", Role.ADMIN, of=[])
    employ(store, "dana", Role.MANAGER, of=["Riverside"])
    with store.begin() as conn:
        practices.put(conn, "Riverside", document(), "test", 1.0)
        call = Invented(0, 60, 60.0, "+12025550111", ("support", None), "abandoned", False, (None, False), False, ())
        other = replace(call, at=100, number="+12025550112")
        write(conn, int(NOW) - 900, "Riverside", [call, other])
        conn.execute(update(messages).values(status=Status.HELD, reason="budget", practice="Riverside"))
        conn.execute(update(messages).where(messages.c.id == "text 1").values(status=Status.UNKNOWN))
        senders.beat(conn, "host/abc", 1, NOW - 2)
        links.save(conn, {"main": NOW - 3})
    return store


def shown(tell: Callable[..., Any], health: Health | None, name: str = "root") -> Any:
    async def story(there: Visited) -> Any:
        browser = there.browser()
        await browser.sign_in(name)
        return await browser.get("/health")

    return tell(story, build=house(health))


def test_all_is_well(clinic: Engine, tell: Callable[..., Any]) -> None:
    page = shown(tell, WELL)
    assert page.status == 200
    assert "All is well" in page.body and "5 s ago" in page.body and "host/abc" in page.body
    assert "held 1, unknown 1" in page.body


@pytest.mark.parametrize(
    ("health", "told"),
    [
        (replace(WELL, links=(replace(UP, is_up=False, problem="<b>no"),)), "The link to main is down: &lt;b&gt;no."),
        (replace(WELL, database_failing_since=NOW - 30), "The database has taken nothing for 30 s."),
        (replace(WELL, provider_trouble="ours: no such account"), "paused, ours: no such account"),
        (replace(WELL, is_day_full=True), "the segments of the day are used up"),
        (replace(WELL, lines_in_trouble={"+12025550100": "sender: no"}), "(202) 555-0100"),
        (replace(WELL, links=(replace(UP, tampered=3),)), "! 3"),
        (replace(WELL, links=(replace(UP, last_event_at=NOW - 3600),)), "! Quiet"),
        (replace(WELL, links=(replace(UP, last_event_at=None),)), "none yet"),
        (replace(WELL, facts_waiting=7, facts_dropped=2), "7 (2 lesser ones were dropped since the start)"),
        (
            replace(WELL, staff_not_told={"webhook of Riverside": "no <b>answer"}),
            "Staff are not told of replies by webhook of riverside: no &lt;b&gt;answer.",
        ),
        (None, "what follows is what the database knows"),
    ],
)  # fmt: skip
def test_trouble_is_told_in_words(clinic: Engine, tell: Callable[..., Any], health: Health | None, told: str) -> None:
    assert told in shown(tell, health).body


def test_who_stands_by_is_well_and_says_for_whom(clinic: Engine, tell: Callable[..., Any]) -> None:
    links = (replace(UP, writes=False, writer="host/one"), replace(UP, pbx="branch", standbys=2))
    body = shown(tell, replace(WELL, links=links)).body
    assert "All is well" in body and "stands by" in body and "host/one" in body
    assert "Written by this daemon; 2 stand by" in body


def test_whom_nobody_could_tell_of_a_reply_is_shown(clinic: Engine, tell: Callable[..., Any]) -> None:
    assert "Due, and not told yet</dt><dd>none" in shown(tell, WELL).body
    both = [(Channel.EMAIL, "front@clinic.example"), (Channel.WEBHOOK, "")]
    with clinic.begin() as conn:
        notices.add(conn, 1, "Riverside", "m1", both, NOW - 90, 30.0)
        conn.execute(update(conversations).where(conversations.c.id == 1).values(unread_since=NOW - 90))
        notice = notices.claim(conn, Channel.EMAIL, NOW - 60)
        assert notice is not None and notices.give_up(conn, notice, "550 no <b>such user", NOW - 50)
    body = shown(tell, WELL).body
    assert "Due, and not told yet</dt><dd>1, the oldest for 1 min 30 s" in body
    assert "email to front@clinic.example of Riverside" in body and "550 no &lt;b&gt;such user" in body
    assert 'href="/conversations/1"' in body


def test_it_is_for_administrators(clinic: Engine, tell: Callable[..., Any]) -> None:
    assert shown(tell, WELL, "dana").status == 403

    async def story(there: Visited) -> tuple[Any, Any]:
        browser = there.browser()
        await browser.sign_in("dana")
        page = await browser.get("/calls")
        return page, await browser.post("/health", {"release": "text 0", "csrf": await browser.csrf()})

    page, answer = tell(story, build=house(WELL))
    assert 'href="/health"' not in page.body
    assert answer.status == 403 and not QUEUED


@pytest.mark.parametrize(
    ("button", "text", "status"),
    [("release", "text 0", "queued"), ("release", "text 1", "queued"), ("dismiss", "text 0", "cancelled")],
)
def test_what_waits_for_a_person_is_decided_here(
    clinic: Engine, tell: Callable[..., Any], button: str, text: str, status: str
) -> None:
    async def story(there: Visited) -> Any:
        browser = there.browser()
        await browser.sign_in("root")
        form = {"csrf": fields(await browser.get("/health"))["csrf"]}
        first = await browser.post("/health", form | {button: text})
        return first, await browser.post("/health", form | {button: "nothing"}), await browser.post("/health", form)

    first, unknown, nothing = tell(story, build=house(WELL))
    assert (first.status, unknown.status, nothing.status) == (303, 422, 400)
    with clinic.connect() as conn:
        assert conn.execute(select(messages.c.status).where(messages.c.id == text)).scalar() == status
        done = conn.execute(select(audit.c.action).where(audit.c.who == "root")).scalars().all()
    assert ("released" if button == "release" else "dismissed") in done
    assert QUEUED == ["work"]
