"""The webhook of call-centre software: whoever shows its token starts its flow for a caller."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import re
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from textback.clock import Clock
from textback.complaints import Complaints, place
from textback.store.webhook_tokens import Grant
from textback.web.durable import Durable
from textback.web.pace import Pace
from textback.web.told import Mistaken, Told, read
from textback.web.webhooks import body_of

#: Requests a minute with one token; and those with a wrong one from one address.
A_MINUTE, WRONG_A_MINUTE = 60, 10
METHODS = ("GET", "POST")
WRONG = "a webhook was asked for with a token that is none, or is revoked"

#: What `textback webhook create` makes: 32 bytes in base64url (RFC 4648, section 5).
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, as of a call: ``text``, ``skip``, ``held``, or ``pending``, while it is not settled yet."""

    verdict: str
    reason: str
    why: str
    message: str | None = None


class Flows(Protocol):
    """What the webhook asks the daemon."""

    async def grant(self, token: str) -> Grant | None:
        """What a token allows; None if it is no token, or none any more."""
        ...

    async def start(self, grant: Grant, told: Told) -> Outcome:
        """Start its flow for a caller; returns once that is durable. Raises ``Mistaken`` if there is no such number."""
        ...


class TriggerWebhook:
    """``/webhook/TOKEN``, and ``/webhook`` with ``Authorization: Bearer TOKEN``.

    A wrong token finds nothing, whatever the method: there is no such page. With a right one, other methods than GET
    and POST are refused and do nothing, HEAD too: what only looks whether a link works must not text anybody.
    """

    def __init__(
        self,
        flows: Flows,
        durable: Durable,
        complaints: Complaints,
        clock: Clock,
    ) -> None:
        self._flows, self._durable, self._complaints = flows, durable, complaints
        self._pace, self._guesses = Pace(A_MINUTE, clock), Pace(WRONG_A_MINUTE, clock)
        #: hashes of tokens that were right: a stranger at the same proxy who guesses does not keep out their owners
        self._seen: set[bytes] = set()

    def routes(self) -> list[Route]:
        """What ``webhooks`` takes."""
        return [Route(path, self) for path in ("/webhook/{token}", "/webhook/", "/webhook")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of any method."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            grant = await self._grant(request)
            return await self._start(request, grant)
        except HTTPException:
            raise
        except Exception as error:
            # its text may hold the number, or the token
            self._complaints.tell(f"a fault of ours with a webhook: {type(error).__name__}{place(error)}")
            raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR) from None

    async def _grant(self, request: Request) -> Grant:
        token = _token(request)
        if token is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        peer, mark = _peer(request), hashlib.sha256(token.encode()).digest()
        # Counted before it is known whether it is wrong: a thousand guesses at once are a thousand.
        if mark not in self._seen:
            _require(self._guesses.wait(peer))
        grant = await self._durable.written(self._flows.grant(token))
        if grant is None:
            self._seen.discard(mark)
            self._complaints.tell(WRONG)
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if mark not in self._seen:
            self._guesses.forgive(peer)
            self._seen.add(mark)
        return grant

    async def _start(self, request: Request, grant: Grant) -> Response:
        if request.method not in METHODS:
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(METHODS)})
        _require(self._pace.wait(grant.id))
        content_type = request.headers.get("content-type", "")
        body = await body_of(request)
        try:
            told = read(request.scope["query_string"], content_type, body)
            outcome = await self._durable.written(self._flows.start(grant, told))
        except Mistaken as mistaken:
            self._complaints.tell(f"webhook {grant.id} was told what cannot be used: {mistaken.code}")
            wrong = {"error": mistaken.code, "why": mistaken.why}
            return _said(wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _said(asdict(outcome), HTTPStatus.ACCEPTED)


def _token(request: Request) -> str | None:
    """The token, if it can be one."""
    token: str = request.path_params.get("token", "")
    if not token:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
    return token if _TOKEN.fullmatch(token) else None


def _peer(request: Request) -> str:
    """Where a request comes from: of IPv6 the network, which is one customer's."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


def _require(wait: float) -> None:
    if wait > 0:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(math.ceil(wait))})


def _said(answer: dict[str, Any], status: HTTPStatus) -> Response:
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})
