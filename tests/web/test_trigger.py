"""The webhook over a real socket: who has no token finds nothing, and who has one is told what was decided."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from textback.complaints import Complaints
from textback.model import Flow
from textback.store.engine import StoreError
from textback.store.webhook_tokens import Grant
from textback.web.durable import Durable
from textback.web.told import Mistaken, Told
from textback.web.trigger import A_MINUTE, WRONG_A_MINUTE, Outcome, TriggerWebhook
from textback.web.webhooks import HEARD_OUT, LIMIT, webhooks

from .visitor import Answer, Site, site

LOG = logging.getLogger("textback.test")
TOKEN, REVOKED, OTHER = "T0_-" * 10 + "abc", "r" * 43, "o" * 43
PATH, NUMBER = f"/webhook/{TOKEN}", "2025550143"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DONE = Outcome("text", "call_to_text", "text: asked for it", "7f0f9a3e-7d0b-4b5c-8e39-0b8f4c1f7a54")


@dataclass
class Flows:
    """Keeps what it is told; ``fault`` is what goes wrong, ``hangs`` whether anything ever ends."""

    told: list[tuple[int, Told]] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    fault: Exception | None = None
    blind: Exception | None = None
    hangs: bool = False
    grants: dict[str, Grant] = field(
        default_factory=lambda: {TOKEN: Grant(1, "Clinic", Flow.MISSED), OTHER: Grant(2, "Clinic", Flow.MISSED)}
    )

    async def grant(self, token: str) -> Grant | None:
        self.looked.append(token)
        if self.blind is not None:
            raise self.blind
        return self.grants.get(token)

    async def start(self, grant: Grant, told: Told) -> Outcome:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        self.told.append((grant.id, told))
        return DONE


@dataclass
class World:
    there: Site
    flows: Flows
    now: float = 1000.0

    async def post(self, body: str = f"caller={NUMBER}", path: str = PATH, **headers: str) -> Answer:
        return await self.there.ask("POST", path, FORM | headers, body.encode())

    async def get(self, path: str = f"{PATH}?caller={NUMBER}", method: str = "GET") -> Answer:
        return await self.there.ask(method, path)


def play(story: Callable[[World], Awaitable[Any]], patience: float = 5.0) -> Any:
    async def run() -> Any:
        worlds: list[World] = []
        flows, clock = Flows(), lambda: worlds[0].now if worlds else 1000.0
        complaints = Complaints(LOG, clock)
        webhook = TriggerWebhook(flows, Durable(complaints, LOG, patience), complaints, clock)
        async with site(webhooks(webhook.routes())) as there:
            worlds.append(World(there, flows))
            return await story(worlds[0])

    return asyncio.run(run())


def test_what_was_decided_is_answered() -> None:
    async def story(world: World) -> None:
        answer = await world.post("caller=%2B12025550143&lang=es&name=Ann")
        assert (answer.status, answer.headers["content-type"]) == (202, "application/json")
        assert json.loads(answer.body) == {
            "verdict": "text", "reason": "call_to_text", "why": "text: asked for it", "message": DONE.message,
        }  # fmt: skip
        assert answer.headers["cache-control"] == "no-store"
        assert world.flows.told == [(1, Told(("+12025550143",), "es", "Ann"))]

    play(story)


def test_get_does_the_same() -> None:
    async def story(world: World) -> None:
        assert (await world.get()).status == 202
        assert world.flows.told == [(1, Told((NUMBER,)))]

    play(story)


@pytest.mark.parametrize("path", ["/webhook", "/webhook/"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_the_token_may_stand_in_the_head(path: str, scheme: str) -> None:
    async def story(world: World) -> None:
        assert (await world.post(path=path, Authorization=f"{scheme} {TOKEN}")).status == 202
        assert (await world.post(path=path, Authorization=f"{scheme} {REVOKED}")).status == 404
        assert (await world.post(path=path, Authorization=f"Basic {TOKEN}")).status == 404
        assert (await world.post(path=path)).status == 404

    play(story)


def test_the_token_in_the_path_is_the_one_that_counts() -> None:
    async def story(world: World) -> None:
        assert (await world.post(path=f"/webhook/{REVOKED}", Authorization=f"Bearer {TOKEN}")).status == 404
        assert (await world.post(Authorization=f"Bearer {REVOKED}")).status == 202

    play(story)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_a_wrong_token_is_answered_like_any_page_that_is_not_there(method: str) -> None:
    async def story(world: World) -> None:
        nothing = await world.get("/nothing", method)
        wrong = ["/webhook/", "/webhook", "/webhook/x", f"/webhook/{REVOKED}", f"{PATH}x", f"{PATH}/"]
        for path in (*wrong, f"/webhook//{TOKEN}"):
            answer = await world.get(path, method)
            assert (answer.status, answer.body) == (nothing.status, nothing.body) == (404, nothing.body)
            assert set(answer.headers) == set(nothing.headers)
        assert world.flows.told == []

    play(story)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_do_nothing(method: str) -> None:
    async def story(world: World) -> None:
        answer = await world.get(method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
        assert world.flows.told == []

    play(story)


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "a", "%00" * 43, "%F0%9F%91%8D" * 43, TOKEN[:-1] + "="])
def test_what_cannot_be_a_token_costs_nobody_a_look(token: str) -> None:
    async def story(world: World) -> None:
        assert (await world.get(f"/webhook/{token}?caller={NUMBER}")).status == 404
        assert world.flows.looked == []

    play(story)


def test_a_number_that_is_none_is_refused_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        world.flows.fault = Mistaken("bad_number", "that is no number")
        answer = await world.post("caller=2025550143999")
        assert answer.status == 422
        assert json.loads(answer.body) == {"error": "bad_number", "why": "that is no number"}
        assert (await world.post("x=2025550143999")).status == 422

    with caplog.at_level(logging.DEBUG):
        play(story)
    assert "555" not in caplog.text and TOKEN not in caplog.text


def test_a_number_that_is_there_twice_goes_on_to_who_can_read_numbers() -> None:
    async def story(world: World) -> None:
        assert (await world.post("caller=2025550143&phone=+12025550143")).status == 202
        assert world.flows.told == [(1, Told(("2025550143", "+12025550143")))]

    play(story)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", "{", 400), ("application/x-www-form-urlencoded", "a=%FF", 400), ("text/xml", "<x/>", 415),
        ("application/x-www-form-urlencoded", "a" * (LIMIT + 1), 413), ("application/json", "x" * HEARD_OUT, 413),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused(kind: str, body: str, status: int) -> None:
    async def story(world: World) -> None:
        answer = await world.post(body, **{"Content-Type": kind})
        assert answer.status == status
        assert world.flows.told == []

    play(story)


def test_a_token_that_comes_too_fast_has_to_wait_and_no_other() -> None:
    async def story(world: World) -> None:
        for _ in range(A_MINUTE):
            assert (await world.post()).status == 202
        answer = await world.post()
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert (await world.post(path=f"/webhook/{OTHER}")).status == 202
        world.now += 1
        assert (await world.post()).status == 202
        assert len(world.flows.told) == A_MINUTE + 2

    play(story)


def guess(number: int) -> str:
    return f"/webhook/{number:043d}"


def test_who_guesses_is_slow_and_keeps_out_nobody_who_was_here_before() -> None:
    async def story(world: World) -> None:
        assert (await world.post()).status == 202
        tried = [(await world.get(guess(n))).status for n in range(WRONG_A_MINUTE + 3)]
        assert tried == [404] * WRONG_A_MINUTE + [429] * 3
        assert (await world.post()).status == 202
        refused = await world.post(path=f"/webhook/{OTHER}")
        assert (refused.status, refused.headers["retry-after"]) == (429, "6")
        world.now += 6
        assert (await world.post(path=f"/webhook/{OTHER}")).status == 202

    play(story)


def test_guesses_at_once_are_counted_like_those_one_by_one() -> None:
    async def story(world: World) -> None:
        answers = await asyncio.gather(*(world.get(guess(n)) for n in range(3 * WRONG_A_MINUTE)))
        assert sorted(answer.status for answer in answers) == [404] * WRONG_A_MINUTE + [429] * 2 * WRONG_A_MINUTE
        assert len(world.flows.looked) == WRONG_A_MINUTE

    play(story)


def test_right_tokens_are_no_guesses() -> None:
    async def story(world: World) -> None:
        many = {f"{n:043d}": Grant(n, "Clinic", Flow.MISSED) for n in range(10, 10 + 2 * WRONG_A_MINUTE)}
        world.flows.grants.update(many)
        assert {(await world.post(path=f"/webhook/{token}")).status for token in many} == {202}

    play(story)


def test_a_token_that_was_right_once_and_is_revoked_is_a_guess_like_any_other() -> None:
    async def story(world: World) -> None:
        assert (await world.post()).status == 202
        world.flows.grants.clear()
        tried = [(await world.post()).status for _ in range(WRONG_A_MINUTE + 2)]
        assert tried == [404] * (WRONG_A_MINUTE + 1) + [429]

    play(story)


BROKEN = OperationalError("SELECT", {}, Exception("disk I/O error"))


@pytest.mark.parametrize("fault", [StoreError("the daemon is stopping", temporary=True), BROKEN])
def test_where_the_database_fails_it_may_be_tried_again(fault: Exception) -> None:
    async def story(world: World) -> None:
        world.flows.fault = fault
        assert (await world.post()).status == 503
        world.flows.blind = fault
        assert {(await world.get(guess(n))).status for n in range(WRONG_A_MINUTE)} == {503}

    play(story)


def test_a_database_that_hangs_is_not_waited_for_for_ever() -> None:
    async def story(world: World) -> None:
        world.flows.hangs = True
        assert (await world.post()).status == 503

    play(story, patience=0.01)


def test_a_fault_of_ours_is_told_without_what_was_posted(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        world.flows.fault = KeyError(f"{NUMBER} {TOKEN}")
        assert (await world.post()).status == 500

    play(story)
    assert "a fault of ours with a webhook: KeyError at tests.web.test_trigger:" in caplog.text
    assert NUMBER not in caplog.text and TOKEN not in caplog.text


def test_wrong_tokens_are_told_to_the_log_once_and_without_them(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        for _ in range(3):
            await world.get(f"/webhook/{REVOKED}")

    play(story)
    assert caplog.messages == ["a webhook was asked for with a token that is none, or is revoked"]
