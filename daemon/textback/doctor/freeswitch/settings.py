"""What textback-settings of the loaded dialplan sets for a caller in one queue, read without a call."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textback.dialplans.freeswitch_headings import DIALPLAN
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.tags import Node, place_of, tag_of
from textback.pbx.esl_actions import CONTEXT

SETTINGS = "textback-settings"
_OF_QUEUE = "${textback_queue}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The actions that set each variable, in small letters; the last one counts."""

    lines: dict[str, Node]

    def get(self, name: str, otherwise: str = "") -> str:
        """The value of a variable."""
        line = self.lines.get(name)
        return line.get("data").partition("=")[2] if line else otherwise

    def place(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The file of the line that sets it, and the line, which is to be replaced by another."""
        line = self.lines.get(name)
        if line is None:
            return f"{DIALPLAN}, in {SETTINGS}", ()
        return place_of(line) or f"the dialplan, context {CONTEXT}, extension {SETTINGS}", (tag_of(line),)


def settings_for(conf: Conf, queue: str) -> Settings | None:
    """None where the dialplan has no such extension; ``queue``: '' for callers in a queue that nobody names.

    FreeSWITCH runs the actions of conditions that are true, with ``break="never"`` also behind one that is not.
    """
    context = conf.contexts.get(CONTEXT)
    extension = next((one for one in context.of("extension") if one.get("name") == SETTINGS), None) if context else None
    if extension is None:
        return None
    lines: dict[str, Node] = {}
    for condition in extension.of("condition"):
        is_true = condition.get("field") != _OF_QUEUE or _matches(condition.get("expression"), queue)
        for action in condition.of("action") if is_true else ():
            if action.get("application") == "set":
                lines[action.get("data").partition("=")[0].strip().lower()] = action
    return Settings(lines)


def _matches(expression: str, text: str) -> bool:
    try:
        return re.search(expression, text) is not None
    except re.error:
        return False
