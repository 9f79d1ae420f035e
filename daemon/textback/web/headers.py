"""What every response says of how a browser may treat it, whatever page made it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing but our own files, no script in a page, in no frame, and forms go nowhere else (Content Security Policy 3).
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # a file that may be kept says so itself
    "Cache-Control": "no-store",
}
#: A year (RFC 6797); other hosts of the same domain are not ours to speak for.
HSTS = "max-age=31536000"


class Headers:
    """Adds them to what an app answers, unless it says otherwise itself; ``secure``: browsers come by HTTPS."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app = app
        self._added = EVERYWHERE | ({"Strict-Transport-Security": HSTS} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._added.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, told)
