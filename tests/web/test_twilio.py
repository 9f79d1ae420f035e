"""Twilio's posts over a real socket, signed by its own library: what is right is written, the rest changes nothing."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from tests.practices import practice
from tests.sms.fake_twilio import fake_twilio, hang, reply, resource
from textback.complaints import Complaints
from textback.directory import Home
from textback.inbox import Received
from textback.model import Status
from textback.reception import Reception
from textback.sms import Inbound, Outgoing, SendError
from textback.sms.twilio import Twilio as Provider
from textback.store import messages, practices
from textback.store.engine import open_engine, reading
from textback.store.messages import NewMessage
from textback.store.tables import callbacks, conversations, messages as table
from textback.store.writer import Writer
from textback.web import durable
from textback.web.durable import Durable
from textback.web.twilio import TwilioWebhooks
from textback.web.webhooks import webhooks

from .visitor import PATIENCE, Answer, Site, Twilio, site

NOW = 1_795_291_200.0  # 2026-11-21 20:00:00 UTC
NUMBER, LINE, TOKEN = "+15555550203", "+12025550100", "to:ken/ü"
MESSAGE = "7f0f9a3e-7d0b-4b5c-8e39-0b8f4c1f7a54"
PUBLIC = "https://text.example.org"
LOG = logging.getLogger("textback.test")
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'
TEXT = {"MessageSid": "SM7", "From": NUMBER, "To": LINE, "Body": "Can I come at 5? ñ+&=%", "NumMedia": "0"}
CALL = {"CallSid": "CA1", "From": NUMBER, "To": LINE}


def state(word: str, sid: str = "SM1", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "MessageStatus": word, "To": NUMBER, "From": LINE} | more


@dataclass
class Inbox:
    """Keeps what it is given; ``fault`` is what goes wrong with it."""

    taken: list[Inbound] = field(default_factory=list)
    fault: Exception | None = None

    def receive(self, conn: Connection, inbound: Inbound, now: float, ids: Any) -> Received:
        if self.fault is not None:
            raise self.fault
        self.taken.append(inbound)
        return Received(is_new=True, conversation_id=1, answer=None, practice="Riverside")


OTHER_LINE = "+12025550188"


@dataclass
class Lines:
    """The lines of one practice."""

    home: Home | None = None

    async def find(self, number: str) -> Home | None:
        return self.home if number == LINE else None

    def is_ours(self, number: str) -> bool:
        return number in (LINE, OTHER_LINE)


@dataclass
class World:
    """A daemon's webhooks with a real database, and the Twilio that posts to them."""

    path: Path
    engine: Engine
    writer: Writer
    inbox: Inbox = field(default_factory=Inbox)
    lines: Lines = field(default_factory=Lines)
    trouble: list[str] = field(default_factory=list)
    there: Site = field(init=False)
    twilio: Twilio = field(init=False)

    def app(self, patience: float, **options: Any) -> Any:
        inbox: Any = self.inbox
        lines: Any = self.lines
        reception = Reception(self.writer, inbox, "twilio", lambda: NOW, lambda: None, self._struck, LOG)
        complaints = Complaints(LOG, lambda: NOW)
        known = {"token": TOKEN, "public_url": PUBLIC} | options
        posts = TwilioWebhooks(reception, lines, Durable(complaints, LOG, patience), complaints, log=LOG, **known)
        return webhooks(posts.routes())

    def _struck(self, error: SendError, line: str) -> None:
        self.trouble.append(f"{error.kind} {line}")

    def rows(self, query: Any) -> list[Any]:
        with reading(self.engine) as conn:
            return list(conn.execute(query).all())

    @property
    def posts(self) -> list[Any]:
        return self.rows(select(callbacks.c.kind, callbacks.c.provider_id, callbacks.c.state))

    def sent(self, status: Status = Status.SENT, sid: str | None = "SM1", **changes: Any) -> str:
        """A text that was handed over."""
        with self.engine.begin() as conn:
            practices.put(conn, "Riverside", {"line": []}, "test", 0.0)
            values = {"practice": "Riverside", "line": LINE, "number": NUMBER, "created_at": NOW}
            made = conn.execute(insert(conversations), values).inserted_primary_key
            assert made is not None
            new = NewMessage(
                conversation_id=made[0],
                to_number=NUMBER,
                from_number=LINE,
                body="Sorry we missed you",
                segments=1,
                encoding="GSM-7",
                created_at=NOW,
                due_at=NOW,
            )
            message_id = messages.add(conn, replace(new, **changes))
            handed = {"status": status, "provider_id": sid, "attempts": 1, "claimed_at": NOW}
            conn.execute(update(table).where(table.c.id == message_id).values(handed))
        return message_id

    def text(self) -> tuple[str, str | None]:
        """State and provider's id of the only text."""
        ((status, sid),) = self.rows(select(table.c.status, table.c.provider_id))
        return status, sid


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Path:
    path = tmp_path / "textback.db"
    path.write_bytes(migrated.read_bytes())
    return path


@asynccontextmanager
async def world(database: Path, patience: float = durable.PATIENCE, **options: Any) -> AsyncIterator[World]:
    engine = open_engine(f"sqlite:///{database}", busy_timeout=0)
    writer = Writer(engine, LOG, pause=lambda event, seconds: event.wait(0.01))
    writer.start()
    made = World(database, engine, writer)
    try:
        async with site(made.app(patience, **options)) as there:
            made.there = there
            made.twilio = Twilio(there, options.get("public_url") or PUBLIC, options.get("token") or TOKEN)
            yield made
    finally:
        await asyncio.to_thread(writer.stop)
        engine.dispose()


Story = Callable[[World], Awaitable[Any]]


@pytest.fixture
def play(database: Path) -> Callable[..., Any]:
    """Play a story, and give what it gives."""

    def run(story: Story, **options: Any) -> Any:
        async def playing() -> Any:
            async with world(database, **options) as made:
                return await story(made)

        return asyncio.run(playing())

    return run


def test_a_text_is_taken_in_and_answered_with_nothing_to_say(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        answer = await made.twilio.post("/twilio/sms", TEXT)
        assert (answer.status, answer.body) == (200, EMPTY)
        assert answer.headers["content-type"].startswith("application/xml")
        assert made.inbox.taken == [Inbound("SM7", NUMBER, LINE, TEXT["Body"])]
        assert made.rows(select(callbacks.c.payload)) == [(TEXT,)]

    play(story)


@pytest.mark.parametrize(
    "body", ["", "👍" * 5000, "\u202eright to left", "a\0b", "x" * 20_000, "'; DROP TABLE messages"]
)
def test_whatever_people_write_is_taken_in(play: Callable[..., Any], body: str) -> None:
    async def story(made: World) -> None:
        # 5000 emoji are 60 kB as they travel
        answer = await made.twilio.post("/twilio/sms", {**TEXT, "Body": body})
        assert answer.status == 200
        assert [inbound.body for inbound in made.inbox.taken] == [body]
        assert len(made.posts) == 1

    play(story)


def test_fields_that_nobody_knows_yet_are_signed_and_kept_like_the_others(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        form = TEXT | {"Mood": "good", "Empty": "", "": "x", "Ümlaut": "\u00a0"}
        assert (await made.twilio.post("/twilio/sms", form)).status == 200
        assert made.rows(select(callbacks.c.payload)) == [(form,)]

    play(story)


FORGERIES: dict[str, dict[str, Any]] = {
    "no signature": {"signature": None},
    "an empty signature": {"signature": ""},
    "a made-up signature": {"signature": "A" * 27 + "="},
    "a signature that is no text": {"signature": "\x80ÿ"},
    "another token": {"token": "another"},
    "another host": {"url": "https://evil.example.org"},
    "plain http": {"url": "http://text.example.org"},
    "the address behind the proxy": {"url": "http://hidden.internal"},
    "a body that was changed": {"body": b"MessageSid=SM7&From=%2B15555550299&To=%2B12025550100&Body=x"},
    "a field that was added": {"body": b"MessageSid=SM7&From=%2B15555550203&To=%2B12025550100&Body=x&OptOutType=STOP"},
    "an empty body": {"body": b""},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_not_twilios_is_refused_and_changes_nothing(play: Callable[..., Any], forgery: str) -> None:
    async def story(made: World) -> None:
        for target in ("/twilio/sms", "/twilio/status", "/twilio/voice"):
            answer = await made.twilio.post(target, TEXT | CALL | state("delivered"), **FORGERIES[forgery])
            assert (answer.status, answer.body) == (403, "Forbidden\n")
        assert made.posts == made.inbox.taken == []

    play(story)


@pytest.mark.parametrize(
    "form",
    [
        TEXT | {"AccountSid": "AC1"},
        {"MessageSid": "SM7"},
        {name.lower(): value for name, value in TEXT.items()},
    ],
)
def test_a_signature_holds_for_these_fields_only(play: Callable[..., Any], form: dict[str, str]) -> None:
    async def story(made: World) -> None:
        signature = made.twilio.signature("/twilio/sms", TEXT)
        assert (await made.twilio.post("/twilio/sms", form, signature=signature)).status == 403

    play(story)


def test_a_signature_holds_for_one_address_only(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        form = TEXT | state("delivered") | CALL
        signature = made.twilio.signature("/twilio/sms", form)
        for target in ("/twilio/status", "/twilio/voice", "/twilio/sms?message=1", "/twilio/%73ms"):
            assert (await made.twilio.post(target, form, signature=signature)).status == 403
        assert (await made.twilio.post("/twilio/sms", form, signature=signature)).status == 200

    play(story)


@pytest.mark.parametrize("missing", ["token", "public_url"])
def test_without_a_token_or_a_public_address_nothing_can_be_right(
    play: Callable[..., Any], caplog: pytest.LogCaptureFixture, missing: str
) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post("/twilio/sms", TEXT)).status == 403
        assert made.posts == []

    play(story, **{missing: None})
    assert "public_url or the account's auth token is missing" in caplog.text


@pytest.mark.parametrize(
    "public_url", ["https://text.example.org/", "https://text.example.org:8443", "http://h", "https://h/some/place"]
)
def test_the_public_address_may_have_a_port_or_a_path(play: Callable[..., Any], public_url: str) -> None:
    async def story(made: World) -> None:
        url = public_url.rstrip("/")
        assert (await made.twilio.post("/twilio/sms", TEXT, url=url)).status == 200

    play(story, public_url=public_url)


@pytest.mark.parametrize("query", ["?message=1&x=%2B1%20+%C3%B1", "?a", "?a=&a=", "?=", "?x=http://a/?b=c"])
def test_the_query_is_signed_as_it_is_written(play: Callable[..., Any], query: str) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post(f"/twilio/sms{query}", TEXT)).status == 200
        assert (await made.twilio.post(f"/twilio/sms{query}", TEXT, signature="x")).status == 403

    play(story)


def test_a_field_that_comes_twice_is_signed_once(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in [*TEXT.items(), *TEXT.items()]).encode()
        assert (await made.twilio.post("/twilio/sms", TEXT, body=body)).status == 200

    play(story)


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "application/xml, x"]
)
def test_another_content_type_is_refused(play: Callable[..., Any], content_type: str) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post("/twilio/sms", TEXT, content_type=content_type)).status == 415
        unsigned = {"content_type": content_type, "signature": None}
        assert (await made.twilio.post("/twilio/sms", TEXT, **unsigned)).status == 403
        assert made.posts == []

    play(story)


@pytest.mark.parametrize(
    "body", [b"Body=%FF", b"Body=\xff\xfe", b"Body=%ED%A0%80", b"&".join(b"a%d=1" % n for n in range(1000))]
)
def test_a_form_that_cannot_be_read_is_refused(play: Callable[..., Any], body: bytes) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post("/twilio/sms", TEXT, body=body)).status == 400

    play(story)


@pytest.mark.parametrize(
    ("target", "form"),
    [
        ("/twilio/sms", {}),
        ("/twilio/sms", TEXT | {"MessageSid": ""}),
        ("/twilio/sms", TEXT | {"MessageSid": "x" * 65}),
        ("/twilio/sms", TEXT | {"From": ""}),
        ("/twilio/status", {"MessageSid": "SM1"}),
        ("/twilio/status", {"MessageStatus": "sent"}),
        ("/twilio/voice", TEXT),
    ],
)
def test_a_post_of_twilios_that_lacks_what_it_should_have_is_refused(
    play: Callable[..., Any], caplog: pytest.LogCaptureFixture, target: str, form: dict[str, str]
) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post(target, form)).status == 400
        assert made.posts == []

    play(story)
    assert "a post of Twilio's cannot be read: no " in caplog.text


def test_a_body_that_is_too_long_is_refused_whoever_signed_it(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        assert (await made.twilio.post("/twilio/sms", TEXT | {"Body": "x" * 65_536})).status == 413
        assert made.posts == []

    play(story)


def test_only_posts_are_answered(play: Callable[..., Any]) -> None:
    async def story(made: World) -> list[int]:
        paths = ("/twilio/sms", "/twilio/status", "/twilio/voice")
        return [(await made.there.ask("GET", path)).status for path in paths]

    assert play(story) == [405, 405, 405]


def test_a_text_that_is_posted_again_is_answered_and_taken_in_once(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        answers = await asyncio.gather(*(made.twilio.post("/twilio/sms", TEXT) for _ in range(10)))
        assert {answer.status for answer in answers} == {200}
        assert len(made.inbox.taken) == len(made.posts) == 1

    play(story)


def test_in_whatever_order_states_come_the_furthest_stays(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        made.sent()
        for word in ("delivered", "queued", "sent", "undelivered", "sending", "delivered", "sent"):
            assert (await made.twilio.post("/twilio/status", state(word))).status == 200
        assert made.text() == (Status.DELIVERED, "SM1")
        assert len(made.posts) == 5

    play(story)


def test_a_state_of_a_text_that_nobody_knows_is_kept_and_no_error(
    play: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(made: World) -> None:
        made.sent()
        answer = await made.twilio.post("/twilio/status", state("delivered", "SM2"))
        assert (answer.status, answer.body) == (200, EMPTY)
        assert made.posts == [("status", "SM2", "delivered")]
        assert made.text() == (Status.SENT, "SM1")

    play(story)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_text_of_unknown_fate_is_settled_by_our_own_id_in_the_address(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        message_id = made.sent(Status.UNKNOWN, None)
        assert (await made.twilio.post(f"/twilio/status?message={message_id}", state("sent"))).status == 200
        assert made.text() == (Status.SENT, "SM1")

    play(story)


@pytest.mark.parametrize("other", ["", "1", "x" * 5000, "7f0f9a3e-7d0b-4b5c-8e39-0b8f4c1f7a55", "%00", "' OR 1=1"])
def test_an_id_in_the_address_that_is_none_of_ours_settles_nothing(play: Callable[..., Any], other: str) -> None:
    async def story(made: World) -> None:
        made.sent(Status.UNKNOWN, None)
        target = f"/twilio/status?message={other.replace(' ', '%20')}"
        assert (await made.twilio.post(target, state("sent"))).status == 200
        assert made.text() == (Status.UNKNOWN, None)

    play(story)


def test_a_line_that_may_not_send_is_told_once(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        made.sent()
        for _ in range(3):
            await made.twilio.post("/twilio/status", state("undelivered", ErrorCode="30034"))
        assert made.trouble == [f"sender {LINE}"]

    play(story)


def handed_over(answers: Any, timeout: float) -> tuple[str, str | None]:
    """The address that the official client asks Twilio to post to, and the id that it got for the text, if any."""

    async def story() -> tuple[str, str | None]:
        async with fake_twilio(answers) as fake:
            options: dict[str, Any] = {"timeout": timeout, "status_callback": f"{PUBLIC}/twilio/status"}
            provider = Provider("AC" + "0" * 32, TOKEN, api_base=fake.url, **options)
            try:
                sid = (await provider.send(Outgoing(MESSAGE, NUMBER, LINE, "Sorry we missed you"))).provider_id
            except SendError:
                sid = None
            await provider.close()
            return fake.posts[0].form["StatusCallback"], sid

    return asyncio.run(story())


@pytest.mark.parametrize(("answers", "timeout", "is_heard"), [(hang, 0.2, False), (reply(201, resource()), 5.0, True)])
def test_the_address_that_the_sdk_hands_over_settles_the_text_even_if_no_answer_was_heard(
    play: Callable[..., Any], answers: Any, timeout: float, is_heard: bool
) -> None:
    asked, sid = handed_over(answers, timeout)
    assert asked.startswith(f"{PUBLIC}/twilio/status?")
    assert (sid is not None) is is_heard

    async def story(made: World) -> None:
        made.sent(Status.SENDING, None, id=MESSAGE)
        at_twilio = sid or "SM" + "b" * 32
        assert (await made.twilio.post(asked.removeprefix(PUBLIC), state("sent", at_twilio))).status == 200
        assert made.text() == (Status.SENT, at_twilio)

    play(story)


def verbs(answer: Answer) -> list[tuple[str, dict[str, str], str]]:
    """The words of TwiML, each with its attributes and what stands in it."""
    assert answer.status == 200
    return [(verb.tag, verb.attrib, "".join(verb.itertext())) for verb in ET.fromstring(answer.body)]


def home(**changes: Any) -> Home:
    made = practice(**changes)
    return made, made.lines[0]


def test_a_call_to_a_line_goes_to_its_main_number(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        made.lines.home = home()
        answer = await made.twilio.post("/twilio/voice", CALL)
        assert verbs(answer) == [("Dial", {}, "+12025550199")]
        assert ET.fromstring(answer.body).find("Dial/Number") is not None
        await _until(lambda: bool(made.posts))  # it is kept once the caller has been served
        assert made.posts == [("voice", "CA1", "")]

    play(story)


@pytest.mark.parametrize(
    ("language", "spoken", "words"),
    [
        ("en", "en-US", "This number is for text messages only. Goodbye."),
        ("es-MX", "es-MX", "Este número es solo para mensajes de texto. Adiós."),
        ("fr", "fr-FR", "Ce numéro est réservé aux messages texte. Au revoir."),
        ("vi", "en-US", "This number is for text messages only. Goodbye."),
    ],
)
def test_a_caller_to_a_line_without_a_main_number_is_told_what_it_is_for(
    play: Callable[..., Any], language: str, spoken: str, words: str
) -> None:
    async def story(made: World) -> None:
        line = [{"name": "Front desk", "number": LINE}]
        message = {language: "{practice}: hello"}
        made.lines.home = home(
            line=line,
            practice__language=language,
            call_to_text__message=message,
            abandoned__message=message,
            missed={},
        )
        assert verbs(await made.twilio.post("/twilio/voice", CALL)) == [("Say", {"language": spoken}, words)]

    play(story)


@pytest.mark.parametrize("to", ["", "+12025550198", "sip:x@example.org"])
def test_a_call_to_nobodys_line_is_not_forwarded(play: Callable[..., Any], to: str) -> None:
    async def story(made: World) -> None:
        made.lines.home = home()
        ((verb, _, _),) = verbs(await made.twilio.post("/twilio/voice", CALL | {"To": to}))
        assert verb == "Say"

    play(story)


@pytest.mark.parametrize("main", [LINE, OTHER_LINE])
def test_a_line_whose_main_number_is_a_line_is_not_called_round_and_round(play: Callable[..., Any], main: str) -> None:
    async def story(made: World) -> None:
        made.lines.home = home(line=[{"name": "Front desk", "number": LINE, "main_number": main}])
        ((verb, _, _),) = verbs(await made.twilio.post("/twilio/voice", CALL))
        assert verb == "Say"

    play(story)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Another program holds the database."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_while_the_database_is_locked_twilio_is_asked_to_come_again_and_nothing_is_lost(
    play: Callable[..., Any],
) -> None:
    async def story(made: World) -> None:
        async with locked(made.path):
            assert (await made.twilio.post("/twilio/sms", TEXT)).status == 503
        await _until(lambda: bool(made.posts))
        assert (await made.twilio.post("/twilio/sms", TEXT)).status == 200
        assert len(made.inbox.taken) == len(made.posts) == 1

    play(story, patience=0.3)


def test_the_answer_comes_after_the_commit(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        async with locked(made.path):
            posting = asyncio.create_task(made.twilio.post("/twilio/sms", TEXT))
            await _until(lambda: made.writer.failing_since is not None)
            assert not posting.done()
        assert (await posting).status == 200
        assert len(made.posts) == 1

    play(story)


def test_a_call_does_not_wait_for_a_locked_database(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        made.lines.home = home()
        async with locked(made.path):
            assert verbs(await made.twilio.post("/twilio/voice", CALL))[0][0] == "Dial"
        await _until(lambda: bool(made.posts))

    play(story)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.001)


def test_while_the_daemon_stops_twilio_is_asked_to_come_again(play: Callable[..., Any]) -> None:
    async def story(made: World) -> None:
        made.writer.stop()
        assert (await made.twilio.post("/twilio/sms", TEXT)).status == 503
        assert (await made.twilio.post("/twilio/status", state("sent"))).status == 503
        assert (await made.twilio.post("/twilio/voice", CALL)).status == 200

    play(story)


def test_a_fault_of_ours_is_told_to_the_log_without_a_word_of_the_text(
    play: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(made: World) -> None:
        made.inbox.fault = ValueError(f"cannot take {TEXT['Body']} from {NUMBER}")
        answer = await made.twilio.post("/twilio/sms", TEXT)
        assert (answer.status, answer.body) == (500, "Internal Server Error\n")
        assert made.posts == []
        made.inbox.fault = None
        assert (await made.twilio.post("/twilio/sms", TEXT)).status == 200

    play(story)
    (error,) = [message for message in caplog.messages if "fault" in message]
    assert error.startswith("a fault of ours with a post of Twilio's: ValueError at tests.web.test_twilio:")
    assert "come at" not in caplog.text and "5550203" not in caplog.text


def test_a_flood_of_forgeries_is_one_line_in_the_log(
    play: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(made: World) -> None:
        forge = partial(made.twilio.post, "/twilio/sms", TEXT)
        for signature in (None, "A" * 28) * 20:
            assert (await forge(signature=signature)).status == 403

    play(story)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 2
    assert "5550203" not in caplog.text and "come at" not in caplog.text
