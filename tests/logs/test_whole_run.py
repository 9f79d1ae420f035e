"""The whole daemon at its most talkative, over calls, texts, pages and faults: its log has nobody's data in it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.hooks.fake_asterisk import FakeCall, environment
from tests.logs.faulty import PLAIN
from tests.practices import document
from tests.sms.fake_twilio import FakeTwilio, Request, drop, fake_twilio, page, raw, refuse, reply, resource
from tests.web.browser import PASSWORD, Browser, Visited, employ
from tests.web.visitor import Site, Twilio
from textback.demo.desk_calls import busy
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script, Step
from textback.model import Flow, Role
from textback.store import practices, webhook_tokens
from textback.store.engine import open_engine

#: seconds after which what never comes fails the test
PATIENCE = 60.0
ROOT = Path(__file__).parents[2]
LINE = "+12025550100"
AMI, TOKEN, PAGES, METRICS = "ami-Sup3rsecret", "twilio-Sup3rtoken", "pages-Sup3rsecret", "metrics-Sup3rtoken"
GUESS, WRONG = "a guessed passw0rd", "wrong-metrics-t0ken"
NAME, HOSTILE = "Qwzyx Vbnmk", "Hjklq\n2026-11-21T00:00:00.000Z ERROR calls: all is l0st\x1b[2J"
ABANDONED, MISSED, OURS = "Zebra practice: we got disconnected.", "Ocelot practice missed you.", "Lynx says yes."
THEIRS, FORGED, TRIGGERED = "My tummy hurts, please hurry", "F0rged words of a stranger", "+12025550177"
UNSENT = "There is no provider for the badger."
#: whom each story is about
GIVES_UP, BUSY, ANSWERED, WRITES, ASKED, WRITTEN, LOOKED_FOR = (f"1202555016{number}" for number in range(7))
REFUSED, BROKEN, LANDLINE = (f"1202555017{number}" for number in range(3))

CONFIG = f"""
[database]
url = "sqlite:///textback.db"
[http]
listen = "127.0.0.1:0"
secret = "{PAGES}"
metrics_token = "{METRICS}"
[webhooks]
listen = "127.0.0.1:0"
public_url = "https://text.example.org"
[agi]
listen = "127.0.0.1:0"
[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = %(port)d
username = "textback"
secret = "{AMI}"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
[sms]
provider = "twilio"
rate = 1000.0
[sms.twilio]
account_sid = "AC00000000000000000000000000000000"
auth_token = "{TOKEN}"
api_base = "%(twilio)s"
[log]
level = "debug"
format = "%(format)s"
log_numbers = %(log_numbers)s
"""


def secrets(run: Run) -> dict[str, list[str]]:
    """Everything of a run that is nobody's business, by what it is; numbers as they are dialled and as we show them."""
    callers = (GIVES_UP, BUSY, ANSWERED, WRITES, ASKED, WRITTEN, LOOKED_FOR, REFUSED, BROKEN, LANDLINE, TRIGGERED[1:])
    shown = [f"{one[-10:-7]}-{one[-7:-4]}-{one[-4:]}" for one in callers]
    return {
        "number": [one[-10:] for one in callers] + shown + [f"({one[1:4]}) {one[4:7]}-{one[7:]}" for one in callers],
        "name": [*NAME.split(), "Hjklq", "all is l0st"],
        "body": [ABANDONED, MISSED, OURS, THEIRS, FORGED, UNSENT, "tummy", "badger", "Lynx", quote(THEIRS)],
        "secret": [AMI, TOKEN, PAGES, METRICS, PASSWORD, GUESS, WRONG, *run.tokens],
    }


def found(run: Run) -> dict[str, list[str]]:
    """Which of these stand in what it said, by their kind."""
    said = run.said.decode("utf-8", "replace")
    return {kind: there for kind, words in secrets(run).items() if (there := [one for one in words if one in said])}


async def at_once(seconds: float) -> None:
    """Time that nobody waits for."""


@dataclass
class Run:
    """The daemon as a process, and all that it said on both of its outputs."""

    folder: Path
    process: asyncio.subprocess.Process
    twilio: FakeTwilio
    pbx: Simulator
    said: bytes = b""
    tokens: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.process.stdout is not None
        while piece := await self.process.stdout.read(65536):
            self.said += piece

    async def hears(self, words: str, times: int = 1) -> re.Match[bytes]:
        """Wait until it has said so."""
        async with asyncio.timeout(PATIENCE):
            while len(there := list(re.finditer(words.encode(), self.said))) < times:
                assert self.process.returncode is None, self.said.decode()
                await asyncio.sleep(0.01)
        return there[-1]

    async def call(self, number: str, step: Step, name: str = NAME) -> None:
        await self.pbx.play(Script(number, name, "15551230100", (step,)))

    async def port(self, section: str) -> int:
        return int((await self.hears(rf"\[{section}\] listens on 127\.0\.0\.1:([0-9]+)"))[1])


def behaves() -> Any:
    """A Twilio that takes most texts, and misbehaves in every other way for some numbers, quoting what it was sent."""
    serial = iter(range(1, 10_000))

    async def answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        form = request.form if request else {}
        if request is None or request.method == "GET":
            return await page()(server, request, writer)
        said = f"<html>no {form.get('To')}: {form.get('Body')}</html>"
        wrong = {REFUSED: refuse(400, 21610), BROKEN: raw(500, said, kind="text/html"), LANDLINE: refuse(400, 30006)}
        wrong |= {WRITTEN: drop}
        if (kind := wrong.get(form.get("To", "")[1:])) is not None:
            return await kind(server, request, writer)
        made = resource(sid=f"SM{next(serial):032x}", to=form.get("To"), body=form.get("Body"))
        await reply(201, made)(server, request, writer)

    return answer


@asynccontextmanager
async def running(folder: Path, migrated: Path, plain: bool = False, **log: str) -> AsyncIterator[Run]:
    """The daemon with its faults, between a PBX and a provider."""
    shutil.copy(migrated, folder / "textback.db")
    prepare(folder / "textback.db")
    pbx = Simulator(sleep=at_once, callers=(), secret=AMI)
    async with fake_twilio(behaves()) as twilio:
        port = await pbx.start()
        given = {"port": port, "twilio": twilio.url, "format": "text", "log_numbers": "false"} | log
        (folder / "textback.toml").write_text(CONFIG % given)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)]), "TZ": "UTC"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.logs.faulty", "run", cwd=folder,
            env=environment | ({PLAIN: "1"} if plain else {}),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        run = Run(folder, process, twilio, pbx)
        reading = asyncio.create_task(run.read())
        try:
            yield run
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading
            await pbx.stop()


def prepare(path: Path) -> None:
    engine = open_engine(f"sqlite:///{path}")
    wanted = document(
        guards__settle=0, abandoned__min_hold=0, abandoned__message={"en": ABANDONED + " {practice}"},
        missed__during_hours={"enabled": True, "message": {"en": MISSED + " {practice}"}},
    )  # fmt: skip
    with engine.begin() as connection:
        practices.put(connection, "Riverside", wanted, "test", 1.0)
    employ(engine, "kim", Role.ADMIN, of=())
    engine.dispose()


async def calls(run: Run) -> None:
    """Callers who give up, are busy, answered, are named to break a log, and whose texts fail in every way."""
    await run.call(GIVES_UP, waits_and_gives_up(20.0))
    await run.call(BUSY, busy(), HOSTILE)
    await run.call(ANSWERED, answered_in_queue(4.0, 3.0))
    for number in (REFUSED, BROKEN, LANDLINE):
        await run.call(number, busy())
    await run.hears(r"main/[0-9.]+ (text|skip)", times=6)


async def posts(run: Run) -> None:
    """What Twilio posts, what others post in its name, and what call-centre software asks for."""
    at = Site("127.0.0.1", await run.port("webhooks"), asyncio.Event(), asyncio.ensure_future(asyncio.sleep(0)))
    there = Twilio(at, "https://text.example.org", TOKEN)
    text = {"MessageSid": "SM7", "From": f"+{WRITES}", "To": LINE, "Body": THEIRS, "NumMedia": "0"}
    assert (await there.post("/twilio/sms", text)).status == 200
    forged = text | {"MessageSid": "SM8", "Body": FORGED}
    assert (await there.post("/twilio/sms", forged, token="another")).status == 403
    state = {"MessageSid": "SM" + "0" * 31 + "1", "MessageStatus": "undelivered", "To": f"+{GIVES_UP}", "From": LINE}
    assert (await there.post("/twilio/status", state | {"ErrorCode": "30003"})).status < 300
    half = f"POST /twilio/sms HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nBody={FORGED}"
    await at.say(half.encode(), end=True)
    await at.say(f"{FORGED} {TOKEN}\r\n\r\n".encode(), end=True)
    token = webhook(run.folder / "textback.db")
    run.tokens.append(token)
    for form in (f"caller=%2B{TRIGGERED[1:]}&name={quote(NAME)}", f"caller={quote(FORGED)}"):
        await at.ask("POST", f"/webhook/{token}", {"Content-Type": "application/x-www-form-urlencoded"}, form.encode())
    await run.hears("webhook 1: ")


def webhook(path: Path) -> str:
    engine = open_engine(f"sqlite:///{path}")
    token = "w3bh00k" * 6 + "x"
    with engine.begin() as connection:
        webhook_tokens.create(connection, token, practice="Riverside", flow=Flow.MISSED, by="test", now=1.0)
    engine.dispose()
    return token


async def hooks(run: Run) -> None:
    """A dialplan that asks about a caller, one who forges lines, and one who asks for nothing that there is."""
    port = await run.port("agi")
    said = {"callerid": ASKED, "calleridname": NAME}
    await FakeCall(environment("caller", uniqueid="1.1", **said)).run(port)
    await FakeCall(environment("may-offer", uniqueid="1.2", **(said | {"callerid": f"{ASKED}\nagi_dnid: 1"}))).run(port)
    await FakeCall(environment("no-such-hook", uniqueid="1.3", **said)).run(port)


async def pages(run: Run) -> None:
    """Somebody guesses, somebody signs in, looks for a number, writes a text, and meets pages that fail."""
    where = Site("127.0.0.1", await run.port("http"), asyncio.Event(), asyncio.ensure_future(asyncio.sleep(0)))
    nobody: Any = None
    browser = Browser(Visited(where, nobody, nobody, nobody, nobody, nobody, False))
    assert (await browser.sign_in("kim", GUESS)).status != 303
    assert (await browser.sign_in("kim")).status == 303
    run.tokens += [*browser.cookies.values(), csrf := await browser.csrf()]
    assert (await browser.get(f"/calls?q={LOOKED_FOR}")).status == 200
    assert (await browser.get(f"/nothing/{LOOKED_FOR}?{quote(THEIRS)}")).status == 404
    assert (await browser.get(f"/inbox?q={quote(THEIRS)}")).status == 500
    for number, body in ((WRITTEN, OURS), (WRITES, UNSENT)):
        form = {"csrf": csrf, "to": f"+{number}", "line": LINE, "body": body, "key": str(uuid.uuid4())}
        answer = await browser.post("/texts/new", form)
        assert answer.status == 303, answer.body
    await where.ask("GET", "/metrics", {"Host": "localhost", "Authorization": f"Bearer {WRONG}"})
    figures = await where.ask("GET", "/metrics", {"Host": "localhost", "Authorization": f"Bearer {METRICS}"})
    assert figures.status == 200 and LOOKED_FOR not in figures.body
    health = await where.ask("GET", "/healthz", {"Host": "localhost"})
    assert not [word for words in secrets(run).values() for word in words if word in health.body]


async def outages(run: Run) -> None:
    """The database goes away and comes back while calls come in; so does the PBX."""
    database = run.folder / "textback.db"
    database.rename(run.folder / "elsewhere.db")
    await run.call(GIVES_UP, waits_and_gives_up(20.0))
    await run.hears("the database does not take what is written")
    (run.folder / "elsewhere.db").rename(database)
    await run.hears("the database is back")
    await run.pbx.stop()
    await run.hears("next try in", times=1)


async def story(run: Run) -> bytes:
    """All of it, to an orderly end."""
    await run.hears("link is up")
    for part in (calls, posts, hooks, pages, outages):
        await part(run)
    await run.hears("a fault in our code|unknown: ")
    run.process.terminate()
    await asyncio.wait_for(run.process.wait(), PATIENCE)
    return run.said


def told(folder: Path, migrated: Path, plain: bool = False, **log: str) -> Run:
    async def play() -> Run:
        async with running(folder, migrated, plain, **log) as run:
            await story(run)
        return run

    return asyncio.run(play())


#: what a run that told of everything has in it
SIGNS = (
    "link is up", r"text: hung up after", r"skip: answered by", "webhook 1: ", "listens on",
    "a message of main could not be taken", "the hook caller failed|no answer to about", "signature",
    "a fault of ours with a page: RuntimeError", "a fault of ours in the event loop that nobody caught: _fails",
    "a fault of ours in the event loop that nobody caught: a callback", "a fault of ours ended a thread",
    "aiohttp.client", "urllib3", "cannot send %s to %s", "py.warnings", "ResourceWarning",
    "the database does not take what is written", "the database is back", "forges|forged", "metrics_token", "stopped",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "json"])
def test_nothing_that_was_said_or_written_is_in_the_log(tmp_path: Path, migrated: Path, kind: str) -> None:
    run = told(tmp_path, migrated, format=kind)
    said = run.said.decode()
    assert [sign for sign in SIGNS if not re.search(sign, said)] == []
    assert found(run) == {}
    assert not [c for c in said if not c.isprintable() and c != "\n"]
    lines = said.splitlines()
    if kind == "json":
        records = [json.loads(line) for line in lines]
        assert all({"at", "level", "logger", "message"} <= set(record) for record in records)
        assert [record for record in records if record.get("verdict") == "skip" and record["call"].startswith("main/")]
        assert [record for record in records if "ValueError" in record.get("exception", "")]
    else:
        begun = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+: |  ")
        assert [line for line in lines if not begun.match(line)] == []


@pytest.mark.slow
def test_who_wants_numbers_gets_them_and_nothing_else(tmp_path: Path, migrated: Path) -> None:
    assert set(found(told(tmp_path, migrated, log_numbers="true"))) == {"number"}


@pytest.mark.slow
def test_without_what_the_log_does_all_of_it_would_be_there(tmp_path: Path, migrated: Path) -> None:
    """The tests above could fail: the same run, with a log as Python makes one."""
    assert set(found(told(tmp_path, migrated, plain=True))) == {"number", "name", "body", "secret"}
