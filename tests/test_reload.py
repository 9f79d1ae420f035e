"""The configuration is changed while the daemon works: what is new takes effect, and nobody else notices."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.hooks.fake_asterisk import FakeCall, environment
from tests.sms.fake_twilio import FakeTwilio, Request
from tests.world import PATIENCE, World, accept, until, world
from textback import config
from textback.app import App
from textback.demo.desk_calls import busy
from textback.demo.queue_calls import waits_and_gives_up
from textback.demo.simulator import Simulator
from textback.demo.stage import Script
from textback.listen import ListenError
from textback.web.server import bound

BRANCH = """
[[pbx]]
name = "branch"
kind = "asterisk"
host = "127.0.0.1"
port = {port}
username = "textback"
secret = "demo"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
"""
HOOKS = '[agi]\nlisten = "{address}"\n'
VISIT = b"GET /sign-in HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"


def played(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(folder) as made:
            await story(made)

    asyncio.run(play())


async def reload(w: World, app: App, *changes: tuple[str, str], more: str = "") -> list[str]:
    """Change the file, in which each text stands once, and have the daemon do as it says."""
    path = w.folder / "textback.toml"
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text + more)
    return app.become(await app.prepare(config.load(path)))


@asynccontextmanager
async def branch(w: World) -> AsyncIterator[Simulator]:
    """A second PBX on the same clock."""
    pbx = Simulator(clock=lambda: w.now, sleep=w.sleep, callers=())
    try:
        yield pbx
    finally:
        await pbx.stop()


async def answers(port: int, host: str = "127.0.0.1", name: bytes = b"localhost") -> int:
    """The status with which a listener answers to who asks for its sign-in page."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(VISIT % name)
        status = int((await reader.read()).split(b" ")[1])
        writer.close()
        return status


def test_where_nothing_has_changed_nothing_is_touched(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.tables = HOOKS.format(address="127.0.0.1:0") + '[webhooks]\nlisten = "127.0.0.1:0"\n'
        async with w.daemon() as app:
            before = app.links["main"], app.links["main"].events, dict(app.listening)
            assert await reload(w, app) == []
            assert (app.links["main"], app.links["main"].events, app.listening) == before
            assert app.links["main"].is_up

    played(tmp_path, story)


def test_a_pbx_that_is_named_now_is_followed_and_the_other_link_is_not_disturbed(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app, branch(w) as pbx:
            main = app.links["main"]
            told = await reload(w, app, more=BRANCH.format(port=await pbx.start()))
            assert told == ["[[pbx]] branch: it is followed from now on"]
            await until(lambda: app.links["branch"].is_up)
            await pbx.play(Script("12025550144", "Doe, Jane", "15551230100", (busy(),)))
            await until(lambda: w.log() and w.log()[0]["disposition"])
            w.now += 60
            await until(lambda: w.log() and w.log()[0]["verdict"])
            assert app.links["main"] is main and main.is_up
        (row,) = w.log()
        assert (row["pbx"], row["disposition"], row["verdict"]) == ("branch", "missed", "text")

    played(tmp_path, story)


def test_a_pbx_that_is_named_no_more_is_left_and_a_text_that_settles_leaves_all_the_same(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app, branch(w) as pbx:
            await reload(w, app, more=BRANCH.format(port=await pbx.start()))
            await until(lambda: app.links["branch"].is_up)
            await pbx.play(Script("12025550144", "Doe, Jane", "15551230100", (busy(),)))
            await until(lambda: w.log() and w.log()[0]["disposition"])
            text = (w.folder / "textback.toml").read_text()
            told = await reload(w, app, (text[text.index('[[pbx]]\nname = "branch"') :], ""))
            assert told == ["[[pbx]] branch: it is not followed any more"]
            await until(lambda: not pbx._sessions)
            assert list(app.links) == ["main"] and w.twilio.posts == []
            w.now += 15
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        assert [post.form["To"] for post in w.twilio.posts] == ["+12025550144"]

    played(tmp_path, story)


def test_who_waits_at_a_pbx_that_is_taken_out_and_put_back_keeps_their_time(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon() as app:
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
            text = (w.folder / "textback.toml").read_text()
            table = text[text.index("[[pbx]]") : text.index("[sms]")]
            await reload(w, app, (table, ""))
            await until(lambda: not w.pbx._sessions)
            assert app.links == {}
            await reload(w, app, ("[sms]", f"{table}[sms]"))
            await until(lambda: app.links["main"].is_up)
            w.note_heard()
            w.gate.set()
            await waiting
            w.now += 60
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        (row,) = w.log()
        assert (row["disposition"], row["hold_seconds"]) == ("abandoned", pytest.approx(40, abs=1.1))
        assert len(w.twilio.posts) == 1

    played(tmp_path, story)


def test_taking_a_pbx_out_and_putting_it_back_at_once_ends_up_with_one_link(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon() as app:
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
            text = (w.folder / "textback.toml").read_text()
            table = text[text.index("[[pbx]]") : text.index("[sms]")]
            for _ in range(5):
                await reload(w, app, (table, ""))
                await reload(w, app, ("[sms]", f"{table}[sms]"))
            await until(lambda: app.links["main"].is_up)
            await until(lambda: len(w.pbx._sessions) == 1)
            w.note_heard()
            w.gate.set()
            await waiting
            w.now += 60
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        assert [row["disposition"] for row in w.log()] == ["abandoned"]
        assert len(w.twilio.posts) == 1

    played(tmp_path, story)


def test_a_pbx_that_is_put_back_and_taken_out_again_at_once_is_left_for_good(tmp_path: Path) -> None:
    """Else its lease would be taken again, by a daemon that does not follow it."""

    async def story(w: World) -> None:
        async with w.daemon() as app:
            text = (w.folder / "textback.toml").read_text()
            table = text[text.index("[[pbx]]") : text.index("[sms]")]
            await reload(w, app, (table, ""))
            await reload(w, app, ("[sms]", f"{table}[sms]"))
            await reload(w, app, (table, ""))
            assert app._parts is not None
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait(app._parts._following._leaving.values())
            assert (app._rota._intake.held, app._rota._pbxes, app.links) == (set(), (), {})

    played(tmp_path, story)


def test_a_changed_link_starts_anew_and_looks_after_whom_the_one_before_saw(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon() as app:
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
            before = app.links["main"]
            told = await reload(w, app, ('trunks = ["PJSIP/trunk-*"]', 'trunks = ["PJSIP/trunk-*", "SIP/out-*"]'))
            assert told == ["[[pbx]] main, trunks: its link starts anew"]
            assert app.links["main"] is not before
            await until(lambda: app.links["main"].is_up)
            assert not before.is_up
            w.note_heard()
            w.gate.set()
            await waiting
            w.now += 60
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        (row,) = w.log()
        assert (row["disposition"], row["hold_seconds"]) == ("abandoned", pytest.approx(40, abs=0.1))
        assert len(w.twilio.posts) == 1

    played(tmp_path, story)


def test_a_link_that_is_changed_before_the_one_before_it_has_begun_still_knows_who_was_on_the_line(
    tmp_path: Path,
) -> None:
    """The records tell nothing, so that a call of which the new link did not know would stay open for ever."""

    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon():
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
        w.gate.set()
        await waiting
        async with w.daemon(until_up=False) as app:
            await until(app.begun.is_set)
            for first, second in (("main", "x-*"), ("x-*", "y-*"), ("y-*", "z-*")):
                old = 'trunks = ["PJSIP/trunk-*"' if first == "main" else f', "{first}"'
                new = f'{old}, "{second}"' if first == "main" else f', "{second}"'
                await reload(w, app, (old, new))
            await until(lambda: app.links["main"].is_up)
            await until(lambda: w.log()[0]["verdict"])
        assert [(row["disposition"], row["reason"]) for row in w.log()] == [("lost", "unobserved")]

    played(tmp_path, story)


def test_a_listener_moves_and_what_is_in_hand_at_the_old_one_is_finished(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.tables = HOOKS.format(address="127.0.0.1:0")
        async with w.daemon() as app:
            old = app.listening["agi"][1]
            reader, writer = await asyncio.open_connection("127.0.0.1", old)
            writer.write(b"agi_network: yes\n")
            assert app._parts is not None
            door = app._parts._doors._open["agi"].door
            await until(lambda: len(door) == 1)
            told = await reload(w, app, ('[agi]\nlisten = "127.0.0.1:0"', '[agi]\nlisten = "localhost:0"'))
            assert told == ["[agi] listen"]
            new = app.listening["agi"][1]
            with pytest.raises(OSError):
                await asyncio.open_connection("127.0.0.1", old)
            assert (await FakeCall(environment("hours")).run(new)).set
            rest = "\n".join(f"{name}: {value}" for name, value in environment("hours")[1:])
            writer.write(f"{rest}\n\n".encode())
            async with asyncio.timeout(PATIENCE):
                assert (await reader.readline()).startswith(b"SET VARIABLE")
            writer.close()

    played(tmp_path, story)


def test_an_address_may_grow_around_the_one_of_before(tmp_path: Path) -> None:
    """As 0.0.0.0 does in place of 127.0.0.1: the old socket is still there when the new one comes."""

    async def story(w: World) -> None:
        sockets = await bound(("127.0.0.1", 0))
        port = sockets[0].getsockname()[1]
        sockets[0].close()
        async with w.daemon() as app:
            await reload(w, app, ('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'))
            assert await answers(port) == 200
            assert await reload(w, app, (f'"127.0.0.1:{port}"', f'"localhost:{port}"')) == ["[http] listen"]
            assert await answers(port) == 200
            with pytest.raises(ListenError):  # a second daemon that was started by mistake
                await bound(("127.0.0.1", port))

    played(tmp_path, story)


def test_a_listener_that_is_named_now_opens_and_one_that_is_not_closes(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            await reload(w, app, more='[webhooks]\nlisten = "127.0.0.1:0"\n')
            port = app.listening["webhooks"][1]
            assert await answers(port) == 404
            assert await reload(w, app, ('[webhooks]\nlisten = "127.0.0.1:0"\n', "")) == ["[webhooks] the table"]
            assert "webhooks" not in app.listening
            await until(lambda: not is_open(port))

    def is_open(port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True

    played(tmp_path, story)


def test_the_pages_answer_to_their_new_name_on_the_socket_of_before(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            port = app.listening["http"][1]
            assert await answers(port, name=b"text.example.org") == 421
            named = 'listen = "127.0.0.1:0"\npublic_url = "https://text.example.org"'
            assert await reload(w, app, ('listen = "127.0.0.1:0"', named)) == ["[http] public_url"]
            assert app.listening["http"][1] == port
            assert await answers(port, name=b"text.example.org") == 200

    played(tmp_path, story)


def test_an_address_that_another_program_has_keeps_everything_as_it_was(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        (taken,) = await bound(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with w.daemon() as app, branch(w) as pbx:
            before = dict(app.listening)
            more = HOOKS.format(address=f"127.0.0.1:{port}") + BRANCH.format(port=await pbx.start())
            with pytest.raises(ListenError, match=rf"^\[agi\] listen: cannot listen on 127.0.0.1:{port}: address al"):
                await reload(w, app, ('[http]\nlisten = "127.0.0.1:0"', '[http]\nlisten = "localhost:0"'), more=more)
            assert app.listening == before and await answers(before["http"][1]) == 200
            assert list(app.links) == ["main"] and app.links["main"].is_up
        taken.close()

    played(tmp_path, story)


def test_the_database_stays_where_it_was_and_that_is_said(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            told = await reload(w, app, ("textback.db", "another.db"))
            assert told == ["[database] url: that takes a restart, and stays as it was until then"]
            await w.call(busy())
            w.now += 60
            await until(lambda: w.log() and w.log()[0]["verdict"])
            assert not (tmp_path / "another.db").exists()
            assert await reload(w, app) == told  # it is said until it is done

    played(tmp_path, story)


def test_a_text_in_hand_when_the_provider_is_changed_is_sent_once(tmp_path: Path) -> None:
    async def play() -> None:
        came, go = asyncio.Event(), asyncio.Event()
        usual = accept()

        async def slow(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
            if request and request.method == "POST":
                came.set()
                await go.wait()
            await usual(server, request, writer)

        async with world(tmp_path, slow) as w, w.daemon() as app:
            await w.call(waits_and_gives_up(20.0))
            w.now += 15
            async with asyncio.timeout(PATIENCE):
                await came.wait()
            token = ('auth_token = "token"', 'auth_token = "renewed"')
            told = await reload(w, app, token, ("rate = 1000.0", "rate = 9.0"))
            assert told == ["[sms] rate, twilio.auth_token"]
            await w.call(waits_and_gives_up(20.0), number="12025550144")
            w.now += 15
            assert len(w.twilio.posts) == 1
            go.set()
            await until(lambda: [text["status"] for text in w.texts()] == ["sent", "sent"])
            first, second = w.twilio.posts
            assert (first.form["To"], second.form["To"]) == ("+12025550143", "+12025550144")
            assert first.headers["authorization"] != second.headers["authorization"]

    asyncio.run(play())


def test_a_file_that_says_no_more_how_texts_leave_is_not_taken(tmp_path: Path) -> None:
    def read(text: str) -> config.Config:
        path = tmp_path / "textback.toml"
        path.write_text(text)
        return config.load(path)

    account = f'account_sid = "AC{"0" * 32}"\nauth_token = "t"\n'
    twilio = f'[sms]\nprovider = "twilio"\n[sms.twilio]\n{account}'
    app = App(read(twilio))
    for cut_off in ("", "[log]\n", "[sms]\nrate = 2.0\n"):
        with pytest.raises(config.ConfigError, match="sms.provider: found nothing, and until now 'twilio'"):
            app.refuse_silence(read(cut_off), tmp_path)
    for meant in (twilio, '[sms]\nprovider = "console"\n'):
        app.refuse_silence(read(meant), tmp_path)
    App(read("")).refuse_silence(read("[log]\n"), tmp_path)


def test_a_reload_while_the_daemon_ends_does_nothing(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app, branch(w) as pbx:
            (tmp_path / "textback.toml").open("a").write(BRANCH.format(port=await pbx.start()))
            plan = await app.prepare(config.load(tmp_path / "textback.toml"))
        assert app.become(plan) == ["not done, as the daemon ends"]

    played(tmp_path, story)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_a_reload_does_not_wait_for_a_database_that_is_gone(
    tmp_path: Path, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    async def story(w: World) -> None:
        async with w.daemon() as app, branch(w) as pbx:
            (tmp_path / "textback.db").rename(tmp_path / "away.db")
            await w.call(busy())
            more = BRANCH.format(port=await pbx.start())
            async with asyncio.timeout(PATIENCE):
                await reload(w, app, ("rate = 1000.0", "rate = 999.0"), more=more)
            assert not app.links["branch"].is_up
            w.now += seconds
            (tmp_path / "away.db").rename(tmp_path / "textback.db")
            await until(lambda: app.links["branch"].is_up)
            await pbx.play(Script("12025550144", "Doe, Jane", "15551230100", (busy(),)))
            await until(lambda: [row["pbx"] for row in w.log() if row["disposition"]] == ["main", "branch"])
            w.now += 60
            await until(lambda: len(w.log()) == 2 and all(row["verdict"] for row in w.log()))
        assert sorted(row["pbx"] for row in w.log()) == ["branch", "main"]

    played(tmp_path, story)


def test_a_pbx_that_moves_to_another_daemon_is_given_up_at_once_and_no_call_of_it_is_lost(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon() as one:
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
            async with w.daemon() as two:
                await until(lambda: two.links["main"].is_up)
                assert (one._rota._intake.held, two._rota._intake.held) == ({"main"}, set())
                text = (w.folder / "textback.toml").read_text()
                await reload(w, one, (text[text.index("[[pbx]]") : text.index("[sms]")], ""))
                await until(lambda: two._rota._intake.held == {"main"})
                assert one._rota._intake.held == set() and one.links == {}
                w.note_heard()
                w.gate.set()
                await waiting
                w.now += 60
                await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        (row,) = w.log()
        assert (row["disposition"], row["hold_seconds"]) == ("abandoned", pytest.approx(40, abs=1.1))
        assert len(w.twilio.posts) == 1

    played(tmp_path, story)
