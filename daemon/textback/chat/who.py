"""Who is behind a conversation: which of several contacts, and what they are called."""

from __future__ import annotations

from sqlalchemy import Connection

from textback.chat.talk import changed, talk_of
from textback.composing import NOT_TEXT, Unclear
from textback.fields import is_language
from textback.model import ContactKind, Staff
from textback.store import audit, contacts, tiles
from textback.store.audit import Action
from textback.store.release import Refused


def file_under(conn: Connection, by: Staff, conversation: int, contact_id: int | None, now: float) -> bool:
    """Say which of the contacts who share the number it is, or (None) that it is not known. Raises ``Refused``."""
    tile = talk_of(conn, by, conversation)
    if contact_id is not None and contact_id not in [row.id for row in tiles.contacts_of(conn, tile)]:
        raise Unclear("that is no contact with the number of this conversation")
    # Who was not told from others once is not asked again: staff have looked.
    return changed(conn, by, Action.FILED, tile, now, contact_id=contact_id, asked=[] if tile.asked else tile.asked)


def change_contact(
    conn: Connection,
    by: Staff,
    contact_id: int,
    *,
    first_name: str | None,
    last_name: str | None,
    kind: str,
    language: str | None,
    verify: bool,
    now: float,
) -> bool:
    """Correct what the practice knows of somebody; False if it is so already. Raises ``Refused``.

    A name that is empty or None is not known. ``verify``: the practice knows them; False leaves that as it is.
    """
    contact = contacts.find(conn, contact_id) if 0 < contact_id < 2**31 else None
    if contact is None or not by.sees(contact.practice):
        raise Refused("there is no such contact")
    if kind not in list(ContactKind):
        raise Unclear(f"a contact is one of {', '.join(ContactKind)}")
    if language and not is_language(language):
        raise Unclear('the language is expected as "en" or "es-MX"')
    values = {
        "first_name": _name(first_name),
        "last_name": _name(last_name),
        "kind": kind,
        "language": language or None,
        "verified": contact.verified or verify,
    }
    if not contacts.change(conn, contact, values, now):
        return False
    detail = f"contact {contact_id}{', verified' if values['verified'] and not contact.verified else ''}"
    audit.note(conn, now, by.name, Action.CHANGED_CONTACT, practice=contact.practice, detail=detail)
    return True


def _name(text: str | None) -> str | None:
    said = " ".join((text or "").split())
    if NOT_TEXT.search(said) or len(said) > contacts.LONGEST_NAME:
        raise Unclear(f"a name has at most {contacts.LONGEST_NAME} characters, and all of them can be seen")
    return said or None
