"""Another password for oneself: whoever finds an open page must know the old one, and has as few tries as anybody."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.requests import Request

from textback.passwords import Passwords
from textback.store import accounts, audit, sessions, sign_ins
from textback.store.audit import Action
from textback.web.access import Access, Visit
from textback.web.front import address_of
from textback.web.places import network_of

WRONG = "The old password is wrong. Nothing was changed."
TOO_OFTEN = "Too many wrong passwords. Wait for some minutes, then try again."


@dataclass(frozen=True, slots=True)
class Change:
    """What became of it: the token of the new session; or why not, and in how many seconds it may be tried again."""

    token: str | None
    words: str = ""
    status: HTTPStatus = HTTPStatus.OK
    seconds: int = 0


class Changing:
    """Changes passwords of those who are signed in."""

    def __init__(self, access: Access, passwords: Passwords) -> None:
        self._access, self._passwords = access, passwords

    async def change(self, request: Request, visit: Visit, old: str, new: str) -> Change:
        """From then on all sessions but a new one are over; raises ``Busy``."""
        access, name, now = self._access, visit.staff.name, self._access.clock()
        network = network_of(address_of(request))
        seconds = await access.write(partial(sign_ins.attempt, name=name, address=network, now=now))
        if seconds:
            return Change(None, TOO_OFTEN, HTTPStatus.TOO_MANY_REQUESTS, math.ceil(seconds))
        account = await access.look(partial(accounts.find, name=name))
        stored = None if account is None else account.password_hash
        if not await self._passwords.fits(old, stored) or stored is None:
            return Change(None, WRONG, HTTPStatus.FORBIDDEN)
        fresh, token = await self._passwords.hashed(new), sessions.new_token()
        agent = request.headers.get("user-agent", "")

        def job(conn: Connection) -> bool:
            there = accounts.find(conn, name)
            if there is None or there.removed_at is not None or there.password_hash not in (stored, fresh):
                return False
            sign_ins.forgive(conn, name, network)
            accounts.set_password(conn, there.id, fresh, now)
            audit.note(conn, now, name, Action.CHANGED_USER, detail="their own password")
            sessions.start(conn, token, there.id, now=now, address=address_of(request), agent=agent)
            return True

        return Change(token) if await access.write(job) else Change(None, WRONG, HTTPStatus.FORBIDDEN)
