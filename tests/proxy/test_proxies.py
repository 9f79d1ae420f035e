"""The shipped proxy configurations, in real nginx and Caddy: what is published, and what is not."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.data import TLS
from tests.world import World, world
from textback.shipped import package

SHIPPED = Path(str(files(package("systemd")))) / "proxy"
PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
PATIENCE = 20.0
OUTSIDE, INSIDE = "text.example.org", "textback.lan"
WEBHOOKS = '[webhooks]\nlisten = "127.0.0.1:0"\npublic_url = "https://text.example.org"\n'
SMS = {"MessageSid": "SM" + "1" * 32, "From": "+12025550143", "To": "+12025550100", "Body": "Hello", "NumMedia": "0"}
NGINX = """\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
CADDY = "{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {folder}/storage\n}}\n"


@dataclass
class Proxy:
    """A proxy that runs: its port for everybody, and the one for the practice's network."""

    outside: int
    inside: int

    async def connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        name = OUTSIDE if port == self.outside else INSIDE
        return await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)

    async def ask(self, port: int, head: str, body: str = "", *more: str) -> tuple[int, str]:
        """Status and rest of the answer to a request."""
        lines = [head, f"Host: {OUTSIDE if port == self.outside else INSIDE}", "Connection: close", *more]
        async with asyncio.timeout(PATIENCE):
            reader, writer = await self.connect(port)
            writer.write(("\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body).encode())
            answer = (await reader.read()).decode()
            writer.close()
        return int(answer.split(" ")[1]), answer


def free() -> int:
    """A port that is free now: these programs cannot be asked for any."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, ports: tuple[int, int], pages: int, posts: int) -> list[str]:
    shutil.copy(SHIPPED / "textback-proxy.conf", folder)
    site = replaced(
        (SHIPPED / "textback.nginx.conf").read_text(),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports[0]} ssl"),
        ("listen 10.1.0.5:443 ssl", f"listen 127.0.0.1:{ports[1]} ssl"),
        ("/etc/letsencrypt/live/text.example.org/fullchain.pem", str(TLS / "cert.pem")),
        ("/etc/letsencrypt/live/text.example.org/privkey.pem", str(TLS / "key.pem")),
        ("/etc/ssl/textback.lan.pem", str(TLS / "cert.pem")),
        ("/etc/ssl/textback.lan.key", str(TLS / "key.pem")),
        ("allow 10.1.0.0/16", "allow 127.0.0.1"),
        ("/var/log/nginx/error.log", "stderr"),
        ("http://127.0.0.1:8081", f"http://127.0.0.1:{posts}"),
        ("http://127.0.0.1:8080", f"http://127.0.0.1:{pages}"),
        ("/etc/nginx/textback-proxy.conf", str(folder / "textback-proxy.conf")),
    )
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def caddy(folder: Path, ports: tuple[int, int], pages: int, posts: int) -> list[str]:
    certificate = f"tls {TLS / 'cert.pem'} {TLS / 'key.pem'}"
    site = replaced(
        (SHIPPED / "Caddyfile").read_text(),
        ("\ntext.example.org {", f"\nhttps://text.example.org:{ports[0]} {{\n\tbind 127.0.0.1\n\t{certificate}"),
        ("\ntextback.lan {", f"\nhttps://textback.lan:{ports[1]} {{"),
        ("bind 10.1.0.5", "bind 127.0.0.1"),
        ("tls internal", certificate),
        ("remote_ip 10.1.0.0/16", "remote_ip 127.0.0.1"),
        ("reverse_proxy 127.0.0.1:8081", f"reverse_proxy 127.0.0.1:{posts}"),
        ("reverse_proxy 127.0.0.1:8080", f"reverse_proxy 127.0.0.1:{pages}"),
    )
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder) + site)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


Kind = Callable[[Path, tuple[int, int], int, int], list[str]]
KINDS = pytest.mark.parametrize("kind", [nginx, caddy])


@asynccontextmanager
async def running(kind: Kind, folder: Path, pages: int, posts: int) -> AsyncIterator[Proxy]:
    """That proxy before two ports of this computer."""
    ports = free(), free()
    name, *arguments = kind(folder, ports, pages, posts)
    program = shutil.which(name, path=PATHS)
    assert program is not None
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = await asyncio.create_subprocess_exec(program, *arguments, stdout=said, stderr=said, env=environment)
        try:
            for port in ports:
                await listening(process, port, folder / "said")
            yield Proxy(*ports)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def listening(process: asyncio.subprocess.Process, port: int, said: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.returncode is None, said.read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            writer.close()
            return


@pytest.fixture
def there(kind: Kind) -> None:
    if shutil.which(kind.__name__, path=PATHS) is None:
        if kind.__name__ in os.environ.get("TEXTBACK_REQUIRE", ""):
            pytest.fail(f"there is no {kind.__name__}")
        pytest.skip(f"needs {kind.__name__}: apt install {kind.__name__}")


def before_the_daemon(folder: Path, kind: Kind, story: Callable[[World, Proxy], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(folder) as w:
            w.tables = f'{WEBHOOKS}[agi]\nlisten = "127.0.0.1:0"\n'
            (folder / "proxy").mkdir()
            async with w.daemon() as app:
                pages, posts = app.listening["http"][1], app.listening["webhooks"][1]
                async with running(kind, folder / "proxy", pages, posts) as proxy:
                    await story(w, proxy)

    asyncio.run(play())


@KINDS
def test_what_twilio_posts_comes_through_with_its_signature(tmp_path: Path, kind: Kind, there: None) -> None:
    async def story(w: World, proxy: Proxy) -> None:
        signature = RequestValidator("token").compute_signature("https://text.example.org/twilio/sms", SMS)
        form = "Content-Type: application/x-www-form-urlencoded"
        post, body = "POST /twilio/sms HTTP/1.1", urlencode(SMS)
        status, answer = await proxy.ask(proxy.outside, post, body, form, f"X-Twilio-Signature: {signature}")
        assert (status, "<Response" in answer) == (200, True)
        status, _ = await proxy.ask(proxy.outside, post, body, form, "X-Twilio-Signature: forged")
        assert status == 403
        status, _ = await proxy.ask(proxy.outside, "GET /webhook/no-such-token?caller=2025550143 HTTP/1.1")
        assert status == 404
        assert [text["body"] for text in w.texts()] == ["Hello"]

    before_the_daemon(tmp_path, kind, story)


@KINDS
def test_nothing_else_is_published(tmp_path: Path, kind: Kind, there: None) -> None:
    async def story(w: World, proxy: Proxy) -> None:
        for path in ("/", "/sign-in", "/calls", "/metrics", "/healthz", "/static/style.css", "/twilio/../sign-in"):
            status, answer = await proxy.ask(proxy.outside, f"GET {path} HTTP/1.1")
            assert status in (400, 404) and "textback" not in answer.lower().replace(OUTSIDE, ""), path
        status, _ = await proxy.ask(proxy.outside, "GET /sign-in HTTP/1.1", "", f"X-Host: {INSIDE}")
        assert status == 404

    before_the_daemon(tmp_path, kind, story)


@KINDS
def test_the_pages_are_inside_and_the_metrics_nowhere(tmp_path: Path, kind: Kind, there: None) -> None:
    async def story(w: World, proxy: Proxy) -> None:
        # by the name that the daemon of this test does not know, it says so itself: it was asked
        status, answer = await proxy.ask(proxy.inside, "GET /sign-in HTTP/1.1")
        assert status == 421 and "public_url under [http]" in answer
        assert (await proxy.ask(proxy.inside, "GET /metrics HTTP/1.1"))[0] == 404

    before_the_daemon(tmp_path, kind, story)


@KINDS
def test_who_asks_is_told_by_the_proxy_alone(tmp_path: Path, kind: Kind, there: None) -> None:
    async def play() -> None:
        heads: list[str] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with running(kind, tmp_path, port, port) as proxy:
            for where in (proxy.outside, proxy.inside):
                lie = "X-Forwarded-For: 203.0.113.9, 203.0.113.10"
                assert (await proxy.ask(where, "GET /webhook/x HTTP/1.1", "", lie))[0] == 204
        server.close()
        for head, name in zip(heads, (OUTSIDE, INSIDE), strict=True):
            lines = head.split("\r\n")
            assert [line for line in lines if line.startswith("x-forwarded-for")] == ["x-forwarded-for: 127.0.0.1"]
            assert f"host: {name}" in "\n".join(lines) and "x-forwarded-proto: https" in lines

    asyncio.run(play())


@KINDS
def test_a_page_that_grows_is_not_held_back_and_a_large_post_is(tmp_path: Path, kind: Kind, there: None) -> None:
    async def play() -> None:
        over = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
                await reader.read()  # Caddy begins to hand it on, and breaks off where it is too much
                return writer.close()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: unread\ndata: 1\n\n")
            await writer.drain()
            await over.wait()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with running(kind, tmp_path, port, port) as proxy, asyncio.timeout(PATIENCE):
            reader, writer = await proxy.connect(proxy.inside)
            writer.write(f"GET /live/calls HTTP/1.1\r\nHost: {INSIDE}\r\n\r\n".encode())
            assert await reader.readuntil(b"data: 1\n\n")
            over.set()
            writer.close()
            assert (await proxy.ask(proxy.outside, "POST /webhook/x HTTP/1.1", "x" * 70_000))[0] in (413, 502)
        server.close()

    asyncio.run(play())
