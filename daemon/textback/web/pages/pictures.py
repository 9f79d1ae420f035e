"""Pictures that came with a text: fetched from the provider once somebody opens them, and kept nowhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from textback.model import Staff
from textback.sms import SendError
from textback.store import audit, thread
from textback.store.audit import Action
from textback.web.access import require
from textback.web.pages.office import Office

#: A page must not be taken for one of ours, whatever it is: it runs nothing, and stands in no other page.
_SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'"}


class PicturePage:
    """``/conversations/ID/media/MESSAGE/NUMBER``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The address."""
        return [Route("/conversations/{id:row}/media/{message}/{number:place}", self.show)]

    async def show(self, request: Request) -> Response:
        """The picture as the provider has it."""
        staff, access = require(request), self._office.access
        given = request.path_params
        found = await access.look(lambda conn: _find(conn, staff, given["id"], given["message"], given["number"]))
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        practice, url = found
        about: dict[str, Any] = {"practice": practice, "conversation": given["id"]}
        now = access.clock()
        await access.write(lambda conn: audit.note(conn, now, staff.name, Action.LOOKED_AT_PICTURE, **about))
        try:
            content = await self._office.provider.fetch(url)
        except SendError as error:
            words = f"The picture cannot be had: {error}. It is kept by the provider, not here."
            raise HTTPException(HTTPStatus.BAD_GATEWAY, words) from None
        is_shown = content.content_type.startswith("image/")
        how = {"Content-Disposition": f'{"inline" if is_shown else "attachment"}; filename="{_name(given["number"])}"'}
        return Response(content.body, media_type=content.content_type, headers=_SANDBOX | how)


def _find(conn: Connection, staff: Staff, conversation: int, message: str, number: int) -> tuple[str, str] | None:
    """The practice, and where the provider keeps it."""
    talk = thread.conversation(conn, conversation) if 0 < conversation < 2**31 else None
    if talk is None or not staff.sees(talk["practice"]) or "\0" in message:
        return None
    media = thread.media(conn, conversation, message)
    return (talk["practice"], media[number]["url"]) if 0 <= number < len(media) else None


def _name(number: int) -> str:
    return f"picture-{number + 1}"
