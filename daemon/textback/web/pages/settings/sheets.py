"""All pages of settings that are one form, by the last part of their address."""

from __future__ import annotations

from textback.model import Flow
from textback.web.pages.settings.flows import FlowSheet
from textback.web.pages.settings.groups import Sheet
from textback.web.pages.settings.lines import LinesSheet
from textback.web.pages.settings.plain import ABOUT, GUARDS, NOTIFY, PlainSheet
from textback.web.pages.settings.presence import ChatSheet, HoursSheet

_ASKED = "A caller waits on hold, and presses the key to be texted."
_ABANDONED = "A caller gives up, or is cut off, while on hold."
_MISSED = "Nobody answered: it rang out, was busy, the queue let them go, or voicemail took the call."

SHEETS: dict[str, Sheet] = {
    "hours": HoursSheet(),
    "call_to_text": FlowSheet(Flow.CALL_TO_TEXT, "Call to text", _ASKED),
    "abandoned": FlowSheet(Flow.ABANDONED, "Gave up on hold", _ABANDONED),
    "missed": FlowSheet(Flow.MISSED, "Missed calls", _MISSED),
    "chat": ChatSheet(),
    "notify": PlainSheet("Telling staff", "Who is told of a reply while no page is open, and how.", NOTIFY),
    "lines": LinesSheet(),
    "guards": PlainSheet("Guards", "When no text is sent although a flow asks for one.", GUARDS),
    "about": PlainSheet("Practice", "What the practice is, and whether it is live.", ABOUT),
}
#: Every page of a practice, in the order in which they are shown.
TABS = {
    **{leaf: SHEETS[leaf].title for leaf in ("hours", "call_to_text", "abandoned", "missed", "chat")},
    "quick_responses": "Quick responses",
    **{leaf: SHEETS[leaf].title for leaf in ("notify", "lines", "guards", "about")},
    "history": "History",
}
