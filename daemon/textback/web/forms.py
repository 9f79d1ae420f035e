"""Forms as browsers post them: short, in time, and in UTF-8."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from textback.web.webhooks import body_of, discard

#: The longest form, in bytes, its fields, and the seconds in which all of it must come.
LIMIT, MOST_FIELDS, PATIENCE = 65_536, 200, 10.0
FORM = "application/x-www-form-urlencoded"

Form = ImmutableMultiDict[str, str]


async def read_form(request: Request, most: int = MOST_FIELDS) -> Form:
    """The fields of a form, at most so many, without NUL, which no database takes; of one that is there twice the last.

    Raises HTTPException: 408, 413 and 400 as ``body_of`` does, 400 if it cannot be read, 415 if it is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        await discard(request)
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await body_of(request, LIMIT, PATIENCE)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:  # no UTF-8, or too many fields
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    return ImmutableMultiDict([(name, value.replace("\0", "")) for name, value in fields])
