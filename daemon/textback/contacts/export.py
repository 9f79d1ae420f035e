"""Contacts as a table that the import takes in again, and changes nothing by that."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection

from textback import sheet
from textback.store import contacts

HEADINGS = ("practice", "number", "first_name", "last_name", "kind", "language", "verified", "external_id")


def exported(conn: Connection, practices: Collection[str], bom: bool = True) -> Iterator[bytes]:
    """The contacts of these practices as CSV, piece by piece, each one's together; verified or not."""
    rows = (
        (one.practice, one.number, one.first_name, one.last_name, one.kind, one.language)
        + ("yes" if one.verified else "no", one.external_id)
        for one in contacts.every(conn, practices)
    )
    return sheet.written(HEADINGS, rows, bom)
