"""What staff do with a conversation: each is one transaction with its line in the audit trail."""

from __future__ import annotations

from textback.chat.decide import decide
from textback.chat.quick import Quick, quick_responses, spelt_out
from textback.chat.talk import Nowhere, Overtaken
from textback.chat.texts import LONGEST_NOTE, note, reply, start
from textback.chat.tile import LONGEST_SNOOZE, assign, close, mark_read, reopen, snooze, wake
from textback.chat.who import change_contact, file_under
from textback.composing import Unclear
from textback.store.release import Refused

__all__ = [
    "LONGEST_NOTE",
    "LONGEST_SNOOZE",
    "Nowhere",
    "Overtaken",
    "Quick",
    "Refused",
    "Unclear",
    "assign",
    "change_contact",
    "close",
    "decide",
    "file_under",
    "mark_read",
    "note",
    "quick_responses",
    "reopen",
    "reply",
    "snooze",
    "spelt_out",
    "start",
    "wake",
]
