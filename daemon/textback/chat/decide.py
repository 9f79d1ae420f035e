"""What staff do with a text that waits for a person: let it leave, dismiss it, send it again."""

from __future__ import annotations

from sqlalchemy import Connection

from textback import manual
from textback.chat.talk import noted, talk_of
from textback.directory import Directory
from textback.model import Staff
from textback.store import by_hand
from textback.store.audit import Action
from textback.store.release import Refused, cancel, release

RELEASE, DISMISS, RETRY = "release", "dismiss", "retry"
_ACTIONS = {RELEASE: Action.RELEASED, DISMISS: Action.DISMISSED, RETRY: Action.RETRIED}


def decide(
    conn: Connection, directory: Directory, by: Staff, conversation: int, what: str, message_id: str, now: float
) -> None:
    """Do ``what`` with a text of a conversation: "release" (held, or of unknown fate), "dismiss", or "retry" (failed).

    Raises ``Refused`` where it may not be, and where the text is none of that conversation.
    """
    tile = talk_of(conn, by, conversation)
    if by_hand.conversation_of(conn, message_id[:36]) != conversation:
        raise Refused("there is no such text in this conversation")
    if what == RELEASE:
        release(conn, directory, message_id, by.name, now)
    elif what == DISMISS:
        cancel(conn, message_id)
    else:
        manual.retry(conn, directory, message_id, by.name, now)
    noted(conn, by, _ACTIONS[what], tile, now)
