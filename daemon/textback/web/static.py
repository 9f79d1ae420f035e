"""Style, script and icon: read once, and kept by browsers for as long as they are the same."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

#: A file with another content has another address, so this one never changes (RFC 8246).
FOR_EVER = "public, max-age=31536000, immutable"


class File(NamedTuple):
    """A file as it is sent; ``version`` is made from its content."""

    content: bytes
    kind: str
    version: str


def address(name: str) -> str:
    """The address of a file, which holds its version."""
    return f"/static/{_files()[name].version}/{name}"


def routes() -> list[Route]:
    """The addresses of all of them."""
    return [Route("/static/{version}/{name}", _file)]


async def _file(request: Request) -> Response:
    file = _files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    # after an update a browser may still ask for an older one: it gets what there is, and is not to keep that
    is_this = request.path_params["version"] == file.version
    return Response(file.content, media_type=file.kind, headers={"Cache-Control": FOR_EVER if is_this else "no-store"})


@lru_cache(maxsize=1)
def _files() -> dict[str, File]:
    found = {}
    for path in files("textback.web").joinpath("static").iterdir():
        content = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        found[path.name] = File(content, kind, hashlib.sha256(content).hexdigest()[:12])
    return found
