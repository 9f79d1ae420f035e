"""The whole daemon: a caller replies, and staff are told by e-mail and webhook."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.notices.servers import mail_server, receiver
from tests.test_replies import CALLER, WEBHOOKS, inbound, post
from tests.world import until, world

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TABLES = """
[mail]
host = "127.0.0.1"
port = {mail}
tls = "none"
from = "textback@clinic.example"
[notify]
signing_key = "{key}"
allow_private = ["127.0.0.1"]
"""


def test_a_reply_is_told_of_by_every_way_that_the_practice_wants(tmp_path: Path) -> None:
    async def story() -> None:
        with mail_server() as box:
            async with receiver() as there, world(tmp_path) as made:
                made.tables = WEBHOOKS + TABLES.format(mail=box.port, key=KEY)
                made.want(notify={"email": ["front@clinic.example"], "webhook": there.url})
                async with made.daemon() as app:
                    assert await post(app, "/twilio/sms", inbound("Yes, call me please")) == 200
                    made.now += 30
                    await until(lambda: box.letters and there.posts)
                    assert await post(app, "/twilio/sms", inbound("Hello?", sid="SM" + "c" * 32)) == 200
                    made.now += 3600
                async with made.daemon():
                    pass
                (letter,), (posted,) = box.letters, there.posts
        said = letter.as_string() + posted.body.decode() + str(posted.headers)
        assert "Riverside" in said and "call me" not in said and CALLER[1:] not in said and CALLER[-10:] not in said
        assert json.loads(posted.body)["data"]["url"] is None

    asyncio.run(story())


def test_trouble_with_either_way_is_told_to_whoever_asks_how_it_is(tmp_path: Path) -> None:
    async def story() -> None:
        with mail_server(MAIL="530 who are you") as box:
            async with receiver(lambda request: 503) as there, world(tmp_path) as made:
                made.tables = WEBHOOKS + TABLES.format(mail=box.port, key=KEY)
                made.want(notify={"email": ["front@clinic.example"], "webhook": there.url})
                async with made.daemon() as app:
                    assert await post(app, "/twilio/sms", inbound("Hello")) == 200
                    made.now += 30
                    await until(lambda: len(app.staff_not_told) == 2)
                    told = app.staff_not_told
        assert told["webhook of Riverside"] == "the webhook answers HTTP 503" and "530" in told["email"]

    asyncio.run(story())


def test_a_mail_server_that_is_away_delays_nothing_else(tmp_path: Path) -> None:
    async def story() -> None:
        with mail_server() as gone:
            pass
        async with receiver() as there, world(tmp_path) as made:
            made.tables = WEBHOOKS + TABLES.format(mail=gone.port, key=KEY)
            made.want(notify={"email": ["front@clinic.example"], "webhook": there.url, "after": 0})
            async with made.daemon() as app:
                assert await post(app, "/twilio/sms", inbound("Hello")) == 200
                await until(lambda: there.posts)

    asyncio.run(story())
