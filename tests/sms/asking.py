"""One question to a Twilio that answers as told; gives the answer or the error, and the server as it was left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any, TypeVar

from textback.sms import SendError
from textback.sms.twilio import Twilio

from .fake_twilio import Answer, FakeTwilio, Request, fake_twilio, reply, resource

T = TypeVar("T")

ACCOUNT, LINE, PERSON = "AC" + "0" * 32, "+15555550100", "+15555550203"
NOW = datetime(2026, 11, 21, 20, 0, 0, tzinfo=timezone.utc).timestamp()


def ask(
    answer: Answer, question: Callable[[Twilio], Awaitable[T]], **options: Any
) -> tuple[T | SendError, FakeTwilio]:
    """Put one question to a server that answers so."""

    async def story() -> tuple[T | SendError, FakeTwilio]:
        async with fake_twilio(answer) as server:
            given = {"api_base": server.url, "timeout": 5.0, "clock": lambda: NOW} | options
            provider = Twilio(ACCOUNT, "token", **given)
            try:
                return await question(provider), server
            except SendError as error:
                return error, server
            finally:
                await provider.close()

    return asyncio.run(story())


def told(answer: Answer, question: Callable[[Twilio], Awaitable[T]], **options: Any) -> T:
    """The same where there must be an answer."""
    outcome, _ = ask(answer, question, **options)
    assert not isinstance(outcome, SendError), outcome
    return outcome


def date(at: float) -> str:
    """An instant as Twilio writes it."""
    return formatdate(at, usegmt=True).replace("GMT", "+0000")


def reply_text(**changes: Any) -> dict[str, Any]:
    """The resource of a text that came in."""
    came = {"direction": "inbound", "status": "received", "to": LINE, "from": PERSON, "num_media": "0"}
    return resource(**({"body": "Yes please", "date_created": date(NOW - 60.0)} | came | changes))


def listing(*records: object, headers: tuple[str, ...] = ()) -> Answer:
    """A list of messages of one page."""
    return reply(200, {"messages": list(records), "next_page_uri": None}, *headers)


def by_path(**answers: Answer) -> Answer:
    """Another answer for each end of a path, such as ``Messages`` or ``Media``."""

    async def answer(server: FakeTwilio, request: Request | None, writer: Any) -> None:
        assert request is not None
        end = request.path.rpartition("/")[2].removesuffix(".json")
        await answers[end](server, request, writer)

    return answer
