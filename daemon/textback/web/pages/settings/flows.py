"""The three flows as forms: when a text is sent, what it says, and what is particular to a queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from textback.mistakes import Mistake
from textback.model import Flow
from textback.practice.changes import ABSENT
from textback.practice.sections import AbandonedRules, CallToTextRules, MissedRules
from textback.template import LIMITS
from textback.web.pages.settings.fields import (
    CHOICE,
    FLAG,
    FLAG_OR_SAME,
    NUMBER,
    Document,
    Field,
    Typed,
    at,
    put,
    typed_of,
)
from textback.web.pages.settings.groups import Asked, Group, Spot, fields_of
from textback.web.pages.settings.texts import text_fields

Path = tuple[str, ...]

_WHEN = {"open": "While the texting staff is there", "always": "At any time", "closed": "While nobody is there"}
_ABANDONED_WHEN = {"open": "While the practice is open", "always": "At any time", "closed": "While it is closed"}
_OFFERS = {
    "announce": "The PBX announces it in the queue",
    "redirect": "The caller is taken to the offer, and back to the same place in the queue",
    "whisper": "The offer is played while they wait",
    "none": "It is not offered; the key works all the same",
}
_AFTER_TEXT = {"hangup": "The call ends", "stay": "They stay in the queue"}
_VOICEMAIL = {"missed": "A missed call", "answered": "Answered"}
_SAME = {"": "As everywhere"}

#: The plain values of each table: key, label, kind, hint and choices.
_RULES: Mapping[str, tuple[tuple[str, str, str, Mapping[str, str]], ...]] = {
    "call_to_text": (
        ("after", "Offered after so long on hold", 'As "30s" or "2m".', {}),
        ("key", "The key to press", "", {one: one for one in "0123456789*#"}),
        ("offer", "How it is offered", "", _OFFERS),
        ("after_text", "Once the text is sent", "", _AFTER_TEXT),
        ("hours", "When it is offered", "", _WHEN),
        ("cooldown", "Not twice within", 'As "2m": by another call of the same number.', {}),
    ),
    "abandoned": (
        ("min_hold", "Only after so long on hold", 'As "5s": who hangs up sooner gets no text.', {}),
        ("hours", "When it is sent", "", _ABANDONED_WHEN),
    ),
    "missed": (
        ("min_ring", "Only after so long ringing", 'As "5s": who hangs up sooner gets no text.', {}),
        ("voicemail", "A call that voicemail took counts as", "", _VOICEMAIL),
        ("count_unreached_outside_hours", "Outside hours, who leaves in the menu was missed, too", "", {}),
    ),
}
_DEFAULTS = {"call_to_text": CallToTextRules(), "abandoned": AbandonedRules(), "missed": MissedRules()}
_PARTS = {"during_hours": "During hours", "outside_hours": "Outside hours"}


@dataclass(frozen=True)
class FlowSheet:
    """``call_to_text``, ``abandoned`` or ``missed``."""

    flow: Flow
    title: str
    lead: str

    def groups(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[Group]:
        """What holds everywhere, then what is particular to each queue."""
        base: Path = (self.flow.value,)
        found = list(self._table(base, document, typed, asked, ""))
        for number, queue in enumerate(self._queues(document, typed, asked)):
            found += self._table((*base, "queue", queue), document, typed, asked, f"queue.{number}")
        return found

    def typed(self, document: Mapping[str, Any], groups: Iterable[Group]) -> dict[str, str]:
        """Every value is one of the file."""
        return typed_of(fields_of(groups), document)

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with the rules as typed, without those of queues that are to have none."""
        changed = put(fields_of(self.groups(document, typed, Asked())), document, typed)
        queues = at(changed, (self.flow.value, "queue"))
        for number, queue in enumerate(self._queues(document, typed, Asked())):
            if queues is not ABSENT and typed.get(f"queue.{number}.take"):
                queues.pop(queue, None)
        return changed, []

    def _queues(self, document: Mapping[str, Any], typed: Typed | None, asked: Asked) -> list[str]:
        """Those that a form brought, else those that the document has rules for, and the one asked for."""
        if typed is not None:
            names: list[str] = []
            while f"queue.{len(names)}" in typed:
                names.append(typed[f"queue.{len(names)}"])
            return names
        there = at(document, (self.flow.value, "queue"))
        found = list(there) if there is not ABSENT else []
        return [*found, asked.queue] if asked.queue and asked.queue not in found else found

    def _table(
        self, path: Path, document: Mapping[str, Any], typed: Typed | None, asked: Asked, name: str
    ) -> Iterator[Group]:
        """The groups of one table of rules; ``name``: what the form calls those of a queue."""
        queue = path[2] if len(path) > 1 else None
        rules = tuple(self._rules(path, name))
        known: dict[str, Any] = {}
        if queue is not None:
            known = {
                "hidden": ((name, queue),),
                "taking": (f"{name}.take", f"Take away the rules of {queue}: it is as everywhere again"),
                "note": "What is left empty is as everywhere.",
            }
        title = f"In the queue {queue}" if queue else "Rules"
        texts = partial(text_fields, document=document, typed=typed, asked=asked.language, limit=LIMITS[self.flow])
        if self.flow is not Flow.MISSED:
            said = texts((*path, "message"), name=_name(name, "message"))
            yield Group(title, (*rules, *said), spot=Spot(self.flow, None, queue), **known)
            return
        yield Group(title, rules, **known)
        for part, words in _PARTS.items():
            enabled = _flag((*path, part), name and f"{name}.{part}.enabled", queue)
            said = texts((*path, part, "message"), name=_name(name, f"{part}.message"))
            where = f"{words}, in the queue {queue}" if queue else words
            yield Group(where, (enabled, *said), spot=Spot(self.flow, part, queue))

    def _rules(self, path: Path, name: str) -> Iterator[Field]:
        in_queue = bool(name)
        if self.flow is not Flow.MISSED:
            yield _flag(path, name and f"{name}.enabled", in_queue)
        defaults = _DEFAULTS[self.flow].model_dump(mode="json")
        for key, label, hint, choices in _RULES[self.flow]:
            default = defaults[key]
            called = name and f"{name}.{key}"
            if isinstance(default, bool):
                yield _flag((*path, key), called, in_queue, label)
            elif choices:
                own = {**_SAME, **choices} if in_queue else choices
                kept = ABSENT if in_queue else default
                yield Field((*path, key), label, CHOICE, hint, kept, choices=own, name=called)
            else:
                usual = "" if in_queue else str(default)
                yield Field((*path, key), label, NUMBER, hint, usual=usual, name=called)


def _name(name: str, key: str) -> str:
    return f"{name}.{key}" if name else ""


def _flag(path: Path, name: str, in_queue: object, label: str = "") -> Field:
    """Whether the text is sent, or another yes or no; a queue may leave it to what holds everywhere."""
    whole = path if label else (*path, "enabled")
    words = label or "Send this text"
    if in_queue:
        return Field(whole, words, FLAG_OR_SAME, choices={**_SAME, "on": "Yes", "off": "No"}, name=name)
    return Field(whole, words, FLAG, default=False, name=name)
