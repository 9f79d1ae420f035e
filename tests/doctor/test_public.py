from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.web.visitor import site
from textback.clock import system_clock
from textback.complaints import Complaints
from textback.config import load
from textback.doctor.finding import Finding
from textback.doctor.public import examine_public_url
from textback.web.durable import Durable
from textback.web.twilio import TwilioWebhooks
from textback.web.webhooks import webhooks

LOG = logging.getLogger("textback.test")
TOML = """
[sms]
provider = "twilio"
inbound = "{inbound}"
[sms.twilio]
account_sid = "AC1"
auth_token = "hush"
"""


class Later:
    """An app that is known only when its port is."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def ours(public_url: str, token: str) -> Any:
    """The daemon's own listener; what is posted here must never come so far that somebody takes it."""
    complaints = Complaints(LOG, system_clock)
    nobody: Any = None
    posts = TwilioWebhooks(
        nobody, nobody, Durable(complaints, LOG), complaints, token=token, public_url=public_url, log=LOG
    )
    return webhooks(posts.routes())


def answering(status: int) -> Any:
    async def answer(request: object) -> PlainTextResponse:
        return PlainTextResponse("hello", status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Later, str]]:
    later = Later()
    async with site(later) as there:
        yield later, f"http://127.0.0.1:{there.port}"


async def look(folder: Path, url: str | None, inbound: str = "webhook") -> Finding:
    public = f'[webhooks]\npublic_url = "{url}"\n' if url else ""
    (folder / "textback.toml").write_text(TOML.format(inbound=inbound) + public)
    (finding,) = [one async for one in examine_public_url(load(folder / "textback.toml"))]
    assert "hush" not in repr(finding)
    return finding


def at(folder: Path, app: Any) -> Finding:
    async def run() -> Finding:
        async with listening() as (later, url):
            later.app = app(url) if callable(app) and not isinstance(app, Starlette) else app
            return await look(folder, url)

    return asyncio.run(run())


def test_our_own_listener_is_known_by_what_it_refuses(tmp_path: Path) -> None:
    assert at(tmp_path, lambda url: ours(url, "hush")).status == "ok"


def test_another_token_or_another_url_is_told(tmp_path: Path) -> None:
    for app in (lambda url: ours(url, "other"), lambda url: ours(f"{url}/below", "hush")):
        finding = at(tmp_path, app)
        assert finding.status == "failed" and "refuses what is signed rightly" in finding.message
        assert "location /twilio/ {" in finding.lines


def test_what_takes_anything_is_not_us(tmp_path: Path) -> None:
    assert "takes posts that nobody signed" in at(tmp_path, answering(200)).message
    assert "HTTP 404" in at(tmp_path, answering(404)).message
    assert "HTTP 502" in at(tmp_path, answering(502)).message


def test_where_nobody_answers_the_proxy_is_named(tmp_path: Path) -> None:
    async def gone() -> str:
        async with listening() as (_, url):
            return url

    finding = asyncio.run(look(tmp_path, asyncio.run(gone())))
    assert finding.status == "failed" and "nobody answers" in finding.message


def test_replies_that_are_to_be_posted_need_an_address(tmp_path: Path) -> None:
    finding = asyncio.run(look(tmp_path, None))
    assert finding.status == "failed" and finding.file == "textback.toml" and finding.lines[0] == "[webhooks]"


def test_replies_that_are_fetched_need_none(tmp_path: Path) -> None:
    assert asyncio.run(look(tmp_path, None, "poll")).status == "skipped"
