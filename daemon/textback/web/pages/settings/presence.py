"""The pages of settings about when somebody is there, and what those who write are answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from textback.mistakes import Mistake
from textback.web.pages.settings.fields import CHOICE, FLAG, TEXT, Document, Field, Typed, put, typed_of
from textback.web.pages.settings.groups import Asked, Group, fields_of
from textback.web.pages.settings.opening import Opening
from textback.web.pages.settings.texts import text_fields

_PRACTICE = Opening(("hours",), {"own": "At these hours", "none": "Always: the practice never closes"})
_TEXTING = Opening(("chat", "hours"), {"none": "At the practice's hours", "own": "At hours of its own"})
_SHARED = {
    "staff": "Staff choose who it is",
    "ask": "They are asked, by first names: whoever reads it learns those",
}
_RULES = (
    Field(("chat", "allow_start"), "Patients and contacts may write, and answer", FLAG, default=True),
    Field(("chat", "allow_unknown"), "Numbers that nobody knows may, too", FLAG, default=True),
    Field(
        ("chat", "closed_reply"),
        "Answer to those who may not",
        TEXT,
        "Once each; empty: none. What they wrote is kept and marked all the same.",
        extra=("staff",),
    ),
    Field(("chat", "share_contacts_across_practices"), "Show names that other practices know", FLAG, default=False),
    Field(
        ("chat", "shared_number"), "Where several people share a number", CHOICE, default="staff", choices=_SHARED
    ),
)


class HoursSheet:
    """``hours``"""

    title = "Hours"
    lead = "When the practice is open. What happens outside these hours is a missed call outside hours."

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """The week, holidays, days that differ."""
        return _PRACTICE.groups(document, typed)

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """What the fields show of a document."""
        return typed_of(fields_of(groups), document) | _PRACTICE.typed(document)

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with these hours."""
        return _PRACTICE.put(document, typed)


class ChatSheet:
    """``chat``"""

    title = "Chat rules"
    lead = "Who may write to you by text, and what they are answered when nobody is there."

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """The rules, the answer after hours, the texting staff's hours."""
        texts = self._texts(document, typed, asked.language)
        note = "To a text that comes in while the texting staff is not there, once until they are back; empty: none."
        week, holidays, differ = _TEXTING.groups(document, typed)
        return [
            Group("Who may write", _RULES),
            Group("Answer after hours", tuple(texts), note),
            Group("The texting staff's own hours", week.fields, week.note),
            Group("Their holidays", holidays.fields, "Empty: those of the practice."),
            Group("Days that differ for them", differ.fields, differ.note, pairs=True),
        ]

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """What the fields show of a document."""
        return typed_of(fields_of(groups), document) | _TEXTING.typed(document)

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with these rules."""
        return _TEXTING.put(put([*_RULES, *self._texts(document, typed)], document, typed), typed)

    def _texts(self, document: Mapping[str, Any], typed: Typed | None, asked: str = "") -> list[Field]:
        path = ("chat", "after_hours_reply")
        return text_fields(path, document, typed, asked, called="Answer", extra=("staff",))
