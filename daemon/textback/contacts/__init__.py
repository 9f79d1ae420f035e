"""A practice's contacts as a table: taken in from whatever software has them, and given out again."""

from __future__ import annotations

from textback.contacts.columns import Columns, ContactsError, columns_of, is_heading
from textback.contacts.export import HEADINGS, exported
from textback.contacts.importing import BATCH, Import, Outcome

__all__ = [
    "BATCH",
    "HEADINGS",
    "Columns",
    "ContactsError",
    "Import",
    "Outcome",
    "columns_of",
    "exported",
    "is_heading",
]
