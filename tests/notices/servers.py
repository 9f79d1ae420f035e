"""A mail server and a receiver of webhooks, on real sockets, that behave as a test wants."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.data import TLS

USER, PASSWORD = b"textback", b"hunter2"


@dataclass
class MailBox:
    """What a mail server took; ``say``: its answer at a step (``RCPT``, ``DATA``) instead of yes."""

    say: dict[str, str] = field(default_factory=dict)
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    signed_in: int = 0
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
        self.signed_in += is_right
        return AuthResult(success=is_right, handled=False)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.say.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.say:
            return self.say["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if "DATA" in self.say:
            return self.say["DATA"]
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients += envelope.rcpt_tos
        return "250 taken"


def tls() -> ssl.SSLContext:
    """That of a server whose certificate nobody trusts but whoever is told to."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return context


@contextmanager
def mail_server(kind: str = "none", auth: bool = False, **say: str) -> Iterator[MailBox]:
    """One that speaks plainly, by STARTTLS or by TLS from the start; ``auth``: it wants a password."""
    box = MailBox(say)
    given: dict[str, Any] = {"auth_required": auth, "authenticator": box.authenticate if auth else None}
    given |= {"auth_require_tls": kind == "starttls"}  # it does not know that one of TLS is encrypted
    if kind == "starttls":
        given |= {"tls_context": tls(), "require_starttls": True}
    controller = _Controller(box, hostname="127.0.0.1", port=0, ssl_context=tls() if kind == "tls" else None, **given)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # that a password wants TLS: it has it
        controller.start()
        assert controller.server is not None
        box.port = controller.server.sockets[0].getsockname()[1]
        try:
            yield box
        finally:
            controller.stop()


class _Controller(Controller):
    """On any free port: its own way of finding out whether it listens needs one that is known."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        socket.create_connection(self.server.sockets[0].getsockname(), 10.0).close()


@dataclass
class Post:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """``answer`` is asked for every request."""

    answer: Callable[[web.Request], Any]
    posts: list[Post] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.posts.append(Post(request.path, headers, await request.read()))
        answer = self.answer(request)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, web.StreamResponse) else web.Response(status=answer)


@asynccontextmanager
async def receiver(
    answer: Callable[[web.Request], Any] = lambda request: 204, context: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """One that listens."""
    there = Receiver(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", there.take)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await server.start()
    there.port = runner.addresses[0][1]
    try:
        yield there
    finally:
        await runner.cleanup()
