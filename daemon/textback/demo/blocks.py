"""AMI blocks: headers in order to bytes, and the bytes of a request to its headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Headers = list[tuple[str, str]]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
UNKNOWN = "<unknown>"

_LINE_ENDS = str.maketrans({"\r": " ", "\n": " "})


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """One block as Asterisk writes it: ``Name: value`` lines and an empty line."""
    lines = [f"{name}: {value.translate(_LINE_ENDS)}\r\n" for name, value in headers]
    return ("".join(lines) + "\r\n").encode()


def event(name: str, privilege: str, headers: Headers) -> bytes:
    """An event of one class, such as ``call``."""
    return encode([("Event", name), ("Privilege", f"{privilege},all"), *headers])


def reply(action_id: str | None, status: str, headers: Headers) -> bytes:
    """The answer to an action, with its ActionID if it had one."""
    return encode([("Response", status), *_identity(action_id), *headers])


def success(action_id: str | None, message: str) -> bytes:
    """A plain yes."""
    return reply(action_id, "Success", [("Message", message)])


def error(action_id: str | None, message: str) -> bytes:
    """A plain no."""
    return reply(action_id, "Error", [("Message", message)])


def listing(action_id: str | None, message: str, items: list[Headers], complete: str) -> list[bytes]:
    """A list as Asterisk frames it: announced, one event an item, and a count at the end.

    Items say themselves where their ActionID stands (:func:`with_id`), since Asterisk's lists differ in it.
    """
    count = ("ListItems", str(len(items)))
    tail: Headers = [("Items", count[1])] if complete == "StatusComplete" else []
    return [
        reply(action_id, "Success", [("EventList", "start"), ("Message", message)]),
        *(encode(item) for item in items),
        encode([("Event", complete), *_identity(action_id), ("EventList", "Complete"), count, *tail]),
    ]


def with_id(item: Headers, action_id: str | None, at: int | None = None) -> Headers:
    """A list item with its ActionID at position ``at``, or at the end."""
    place = len(item) if at is None else at
    return [*item[:place], *_identity(action_id), *item[place:]]


def read_action(raw: bytes) -> Mapping[str, str]:
    """The headers of a request, names in lower case; the last of a repeated header wins."""
    lines = (line.partition(":") for line in raw.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _identity(action_id: str | None) -> Headers:
    return [("ActionID", action_id)] if action_id is not None else []
