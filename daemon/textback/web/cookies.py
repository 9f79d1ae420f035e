"""The two cookies: who is signed in, and who has opened the sign-in page."""

from __future__ import annotations

import secrets

from starlette.requests import HTTPConnection
from starlette.responses import Response

from textback.web.seals import Seals

#: Bytes of chance in what ties the sign-in form to a browser, and seconds for which the form may stay open.
BYTES, OPEN_FOR = 16, 3600.0
#: A cookie with this prefix can be set by nobody but us, not even by another host of our domain (RFC 6265bis, 4.1.3.2).
_PREFIX = "__Host-"


class Cookies:
    """Both are ``HttpOnly`` and ``SameSite=Lax``; by HTTPS also ``Secure``, with the name's prefix.

    Without HTTPS (a demo, a PBX's own network) neither can be: browsers would not send them back.
    """

    def __init__(self, seals: Seals, secure: bool) -> None:
        self._seals, self._secure = seals, secure
        prefix = _PREFIX if secure else ""
        self.session, self.door = f"{prefix}textback", f"{prefix}textback-door"

    def token_of(self, request: HTTPConnection) -> str | None:
        """The token of a session, if we made it; whether the session still holds the database knows."""
        return self._seals.opened("session", request.cookies.get(self.session, ""))

    def give_session(self, response: Response, token: str) -> None:
        """Until the browser is closed; the session may be over before."""
        self._set(response, self.session, self._seals.sealed("session", token))

    def take_session(self, response: Response) -> None:
        """The browser forgets it."""
        self._set(response, self.session, "", forget=True)

    def door_of(self, request: HTTPConnection, now: float) -> str | None:
        """What ties this browser to the sign-in form; None if it has not opened it in the last hour."""
        value = self._seals.opened("door", request.cookies.get(self.door, ""))
        chance, _, opened = (value or "").partition(".")
        return chance if chance and abs(now - float(opened)) < OPEN_FOR else None

    def open_door(self, request: HTTPConnection, now: float) -> str:
        """What ties it from now on: the same as before, so that the form in another tab remains good."""
        return self.door_of(request, now) or secrets.token_urlsafe(BYTES)

    def give_door(self, response: Response, chance: str, now: float) -> None:
        """For an hour from now (epoch seconds)."""
        self._set(response, self.door, self._seals.sealed("door", f"{chance}.{int(now)}"))

    def take_door(self, response: Response) -> None:
        """It was used."""
        self._set(response, self.door, "", forget=True)

    def mark_of(self, chance: str) -> str:
        """What the field ``csrf`` of the sign-in form holds."""
        return self._seals.mark("sign-in", chance)

    def is_mark_of(self, given: str, chance: str) -> bool:
        """Whether a sign-in form was given to this browser."""
        return self._seals.is_mark(given, "sign-in", chance)

    def _set(self, response: Response, name: str, value: str, forget: bool = False) -> None:
        age = 0 if forget else None
        response.set_cookie(name, value, max_age=age, path="/", secure=self._secure, httponly=True, samesite="lax")
