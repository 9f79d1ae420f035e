"""Whom of staff a practice wants told of a reply that nobody has read: written with the reply, sent by ``notices/``."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from textback.directory import Directory
from textback.inbox.text import Text
from textback.practice import Notify
from textback.store import notices, tiles
from textback.store.notices import Channel


def tell(conn: Connection, directory: Directory, text: Text, text_id: str) -> None:
    """Have them told of the first reply that nobody has read, by the practice whose staff see the conversation.

    That one need not have the line any more.
    """
    owner = tiles.one(conn, text.conversation).practice
    practice = directory.named(owner) or text.home[0]
    wanted = list(_wanted(practice.notify))
    notices.add(conn, text.conversation, practice.name, text_id, wanted, text.now, practice.notify.after)


def _wanted(notify: Notify) -> Iterator[tuple[Channel, str]]:
    yield from ((Channel.EMAIL, address) for address in notify.email)
    if notify.webhook:
        yield Channel.WEBHOOK, ""
