"""Which practice and which line a call belongs to: by queue, else by DID, else the practice that takes the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textback import numbers
from textback.call import Call, Rules
from textback.practice import CallToText, Line, Practice

_NOT_A_DIGIT = re.compile(r"\D")

Home = tuple[Practice, Line]


class Directory:
    """All practices, found by queue, else by DID, else the default one; made anew whenever one of them changes."""

    def __init__(self, practices: Iterable[Practice]) -> None:
        self.practices = tuple(practices)
        self._queues: dict[str, Home] = {}
        self._dids: dict[str, Home] = {}
        self._lines: dict[str, Home] = {}
        self._default: Home | None = None
        #: seconds; no text is due sooner after the end of its call
        self.shortest_settle = min((practice.guards.settle for practice in self.practices), default=0.0)
        self._rules: dict[tuple[str, str | None, str | None, str | None], Rules] = {}
        for practice in self.practices:
            self._enter(practice)

    def _enter(self, practice: Practice) -> None:
        for line in practice.lines:
            self._lines[line.number] = (practice, line)
            self._queues.update({queue: (practice, line) for queue in line.queues})
            self._dids.update({_digits(did, practice.region): (practice, line) for did in line.dids})
        if practice.default:
            self._default = (practice, practice.lines[0])

    def home(self, pbx: str, queue: str | None, did: str | None, practice: str | None = None) -> Home | None:
        """The practice and line of a call; None if no practice takes it.

        A queue is known as ``support``, or as ``main/support`` where two PBXes share the name. ``practice``: the one
        that the dialplan named, whose first line it is unless queue or DID tell of another one of it.
        """
        if practice:
            return self._home_in(practice, pbx, queue, did)
        if queue:
            found = self._queues.get(f"{pbx}/{queue}") or self._queues.get(queue)
            if found:
                return found
        return self._by_did(did) or self._default

    def _home_in(self, name: str, pbx: str, queue: str | None, did: str | None) -> Home | None:
        found = self.home(pbx, queue, did)
        if found and found[0].name == name:
            return found
        return next(((one, one.lines[0]) for one in self.practices if one.name == name), None)

    def _by_did(self, did: str | None) -> Home | None:
        if not did:
            return None
        for practice in self.practices:
            found = self._dids.get(_digits(did, practice.region))
            if found and found[0] is practice:
                return found
        return None

    def line(self, number: str) -> Home | None:
        """The practice and line that a number belongs to; None if it is none of ours."""
        return self._lines.get(number) or self._lines.get(numbers.read(number, self.region).e164 or "")

    def named(self, practice: str) -> Practice | None:
        """A practice by its name."""
        return next((one for one in self.practices if one.name == practice), None)

    def sharing_with(self, practice: str) -> frozenset[str]:
        """The practices whose contacts a practice may see: those that share theirs, if it shares its own.

        ``share_contacts_across_practices`` gives and takes: one that keeps its contacts to itself is shown nobody's.
        """
        sharing = frozenset(one.name for one in self.practices if one.chat.share_contacts_across_practices)
        return sharing - {practice} if practice in sharing else frozenset()

    def rules(self, pbx: str, queue: str | None, did: str | None, practice: str | None = None) -> Rules:
        """What the practice wants of the state machine for a caller in ``queue``."""
        key = (pbx, queue, did, practice)
        rules = self._rules.get(key)
        if rules is None:
            if len(self._rules) > 10_000:  # a DID is the caller's choice where any number is routed
                self._rules.clear()
            rules = self._rules[key] = self._make_rules(*key)
        return rules

    def _make_rules(self, pbx: str, queue: str | None, did: str | None, practice_name: str | None) -> Rules:
        home = self.home(pbx, queue, did, practice_name)
        if home is None:
            return Rules()
        practice = home[0]
        named = f"{pbx}/{queue}" if queue else None
        flow = practice.call_to_text.for_queue(named)
        return Rules(
            key=flow.key if flow.enabled else None,
            after=flow.after if flow.enabled and flow.offer != "none" else None,
            voicemail_answers=practice.missed.for_queue(named).voicemail == "answered",
        )

    def call_to_text(self, call: Call) -> CallToText | None:
        """What the practice wants of call-to-text for a call, in the queue that it is in; None if nobody takes it."""
        home = self.home(call.pbx, call.queue, call.did, call.practice)
        return home[0].call_to_text.for_queue(f"{call.pbx}/{call.queue}" if call.queue else None) if home else None

    @property
    def region(self) -> str:
        """The region in which a number is read that belongs to no call."""
        practice = self._default[0] if self._default else next(iter(self.practices), None)
        return practice.region if practice else "US"


def _digits(did: str, region: str) -> str:
    return numbers.read(did, region).e164 or _NOT_A_DIGIT.sub("", did)
