"""The whole daemon and the provider's other half: replies, opt-outs and delivery states, posted or fetched."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from tests.sms.fake_twilio import FakeTwilio, page, resource
from tests.world import World, accept, until, world
from textback.app import App
from textback.demo.queue_calls import waits_and_gives_up
from textback.store import optouts
from textback.store.engine import open_engine, reading

PUBLIC = "https://text.example.org"
LINE, CALLER = "+12025550100", "+12025550143"
WEBHOOKS = f'[webhooks]\nlisten = "127.0.0.1:0"\npublic_url = "{PUBLIC}"\n'
AGI = '[agi]\nlisten = "127.0.0.1:0"\n'


def inbound(body: str, sid: str = "SM" + "b" * 32, **changes: str) -> dict[str, str]:
    form = {"MessageSid": sid, "AccountSid": "AC" + "0" * 32, "From": CALLER, "To": LINE, "Body": body, "NumMedia": "0"}
    return form | changes


async def post(app: App, path: str, form: dict[str, str], token: str = "token") -> int:
    """What Twilio does: a form, signed over the URL that it knows us by."""
    await until(lambda: "webhooks" in app.listening)
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    host, port = app.listening["webhooks"]
    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"http://{host}:{port}{path}", data=form, headers={"X-Twilio-Signature": signature}
        )
        return answer.status


async def abandoned(world: World) -> str:
    """A caller gives up and gets a text; gives the id of our message."""
    await world.call(waits_and_gives_up(20.0))
    world.now += 15
    await until(lambda: [text for text in world.texts() if text["status"] == "sent"])
    return str(world.texts()[0]["id"])


def test_a_reply_lands_in_the_conversation_of_the_call(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            await abandoned(world)
            assert await post(app, "/twilio/sms", inbound("Yes, call me tomorrow please")) == 200
            reply, sent = sorted(world.texts(), key=lambda text: str(text["direction"]))
            assert (reply["direction"], reply["status"], reply["body"]) == (
                "in", "received", "Yes, call me tomorrow please",
            )  # fmt: skip
            assert reply["conversation_id"] == sent["conversation_id"] == world.log()[0]["conversation_id"]

    play(story, tmp_path)


def test_a_reply_that_is_posted_twice_is_there_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            answers = await asyncio.gather(*(post(app, "/twilio/sms", inbound("Hello")) for _ in range(5)))
            assert answers == [200] * 5
            assert len(world.texts()) == 1

    play(story, tmp_path)


def test_what_is_not_signed_right_changes_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            assert await post(app, "/twilio/sms", inbound("Hello"), token="guessed") == 403
            assert world.texts() == []

    play(story, tmp_path)


def test_our_own_id_in_the_address_tells_which_text_was_delivered(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            message_id = await abandoned(world)
            callback = world.twilio.posts[0].form["StatusCallback"]
            assert callback == f"{PUBLIC}/twilio/status?message={message_id}"
            told = {"MessageSid": world.texts()[0]["provider_id"], "MessageStatus": "delivered"}
            assert await post(app, callback.removeprefix(PUBLIC), told) == 200
            assert await post(app, callback.removeprefix(PUBLIC), told | {"MessageStatus": "sent"}) == 200
            assert [text["status"] for text in world.texts()] == ["delivered"]

    play(story, tmp_path)


def test_who_says_stop_gets_one_confirmation_and_nothing_more(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            assert await post(app, "/twilio/sms", inbound("Stop texting me please")) == 200
            await until(lambda: sorted(text["status"] for text in world.texts()) == ["received", "sent"])
            assert await post(app, "/twilio/sms", inbound("STOP!!", "SM" + "c" * 32)) == 200
            await world.call(waits_and_gives_up(20.0))
            world.now += 60
            await until(lambda: world.log() and world.log()[0]["verdict"])
            assert (world.log()[0]["verdict"], world.log()[0]["reason"]) == ("skip", "opted_out")
            assert len(world.twilio.posts) == 1

    play(story, tmp_path)


def test_where_no_post_can_reach_us_replies_and_states_are_fetched(tmp_path: Path) -> None:
    listed: list[dict[str, Any]] = []

    async def answer(server: FakeTwilio, request: Any, writer: asyncio.StreamWriter) -> None:
        if request and request.method == "GET":
            await page(*listed)(server, request, writer)
        else:
            await taken(server, request, writer)

    taken = accept()

    async def story(world: World) -> None:
        async with world.daemon():
            await abandoned(world)
            assert "StatusCallback" not in world.twilio.posts[0].form
            sid, made = world.texts()[0]["provider_id"], "Fri, 15 Jan 2027 12:00:40 +0000"
            ours = {"from": LINE, "to": CALLER, "date_created": made, "date_sent": made}
            theirs = {"from": CALLER, "to": LINE, "direction": "inbound", "date_created": made, "date_sent": made}
            listed.append(resource(sid=sid, status="delivered", **ours))
            listed.append(resource(sid="SM" + "d" * 32, status="received", body="STOP please", **theirs))
            await until(lambda: {text["status"] for text in world.texts()} >= {"delivered", "received"})
            with reading(open_engine(world.url)) as connection:
                assert optouts.is_opted_out(connection, CALLER)

    play(story, tmp_path, answer=answer, tables='inbound = "poll"\npoll = 1.0\n')


@pytest.mark.parametrize("hook", ["hours", "may-offer"])
def test_the_dialplan_is_answered(tmp_path: Path, hook: str) -> None:
    async def story(world: World) -> None:
        async with world.daemon() as app:
            await until(lambda: "agi" in app.listening)
            reader, writer = await asyncio.open_connection(*app.listening["agi"])
            request = {"network": "yes", "network_script": hook, "request": f"agi://127.0.0.1/{hook}"}
            request |= {"channel": "PJSIP/phone-1", "language": "en", "uniqueid": "9.9", "callerid": "2025550143"}
            writer.write("".join(f"agi_{key}: {value}\n" for key, value in request.items()).encode() + b"\n")
            said = await asyncio.wait_for(reader.readline(), 10)
            assert said.startswith(b"SET VARIABLE TEXTBACK_O")
            writer.close()

    play(story, tmp_path)


def play(story: Any, folder: Path, answer: Any = None, tables: str = "") -> None:
    async def run() -> None:
        async with world(folder, answer) as made:
            made.tables = WEBHOOKS + AGI
            made.sms = tables
            await story(made)

    asyncio.run(run())
