"""``/healthz`` and ``/metrics``: for machines that look after the daemon, so nobody signs in."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from textback import numbers
from textback.complaints import Complaints
from textback.health import Health
from textback.web.places import network_of

HEALTH, METRICS = "/healthz", "/metrics"
#: What proxies add: whoever comes through one is somewhere else, whatever it says there.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
NOT_HERE = "Metrics are for this computer only. For others, set metrics_token under [http] in textback.toml.\n"
NO_TOKEN = "The right metrics_token is missing: Authorization: Bearer TOKEN\n"
NOBODY = "nothing runs beside these pages"

#: What a scrape is answered with, for its header ``Accept``: the text and its media type.
Scrape = Callable[[str], Awaitable[tuple[bytes, str]]]


class Monitors:
    """Tells how the daemon is, from its memory alone, and in figures.

    ``token``: what a scrape must bring, from wherever it comes; without one it must come from this computer.
    """

    def __init__(
        self,
        look: Callable[[], Health | None],
        complaints: Complaints,
        scrape: Scrape | None = None,
        token: str | None = None,
    ) -> None:
        self._look, self._complaints, self._scrape, self._token = look, complaints, scrape, token

    def routes(self) -> list[Route]:
        """The addresses."""
        return [Route(HEALTH, self.health, methods=["GET"]), Route(METRICS, self.metrics, methods=["GET"])]

    async def health(self, request: Request) -> Response:
        """200 if the daemon can do its work, else 503, with what keeps it from that; JSON unless text is asked for."""
        health = self._look()
        problems = [NOBODY] if health is None else [_harmless(one) for one in health.problems]
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        if "text/" in request.headers.get("accept", ""):
            return PlainTextResponse("\n".join(problems or ["ok"]) + "\n", status)
        return JSONResponse({"status": "trouble" if problems else "ok", "problems": problems}, status)

    async def metrics(self, request: Request) -> Response:
        """All figures, in the text format of Prometheus or of OpenMetrics."""
        if (refusal := self._refused(request)) is not None:
            return refusal
        if self._scrape is None:
            return PlainTextResponse(f"{NOBODY}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        body, kind = await self._scrape(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": kind})

    def _refused(self, request: Request) -> Response | None:
        peer = request.client.host if request.client else ""
        if self._token is None:
            if _is_here(request, peer):
                return None
            self._complaints.tell("asked for metrics, which are for this computer only", network_of(peer))
            return PlainTextResponse(NOT_HERE, HTTPStatus.FORBIDDEN)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return None
        self._complaints.tell("asked for metrics without the right metrics_token", network_of(peer))
        return PlainTextResponse(NO_TOKEN, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Bearer realm="metrics"'})


def _is_here(request: Request, peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return address.is_loopback and not any(name in request.headers for name in _FORWARDED)


def _harmless(words: str) -> str:
    """What may be told to anybody: reasons may quote a PBX or a provider, and these may quote a caller."""
    return "".join(c if c.isprintable() else "\ufffd" for c in numbers.masked(words))
