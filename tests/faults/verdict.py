"""What must hold when a storm is over: nobody lost, nobody texted twice, and the table says what the provider knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.daemon import FINAL
from tests.faults.twilio import Taken

Row = Mapping[str, Any]
#: what a text that the provider has may be called; of ``unknown`` ones a person is told
_THERE = ("sent", "delivered", "unknown")


@dataclass(frozen=True)
class Outcome:
    """Everybody who called (E.164), and what is left of it in the database and at the provider."""

    callers: Collection[str]
    calls: Sequence[Row]
    texts: Sequence[Row]
    taken: Sequence[Taken]
    #: the SIDs of those that the provider said were delivered, and a daemon has confirmed that it knows
    told: Collection[str] = ()

    def faults(self) -> list[str]:
        """What must not be, a sentence each; there should be none."""
        return [*self._of_calls(), *self._of_texts(), *self._of_provider()]

    @property
    def states(self) -> Counter[str]:
        """How many texts are in each state."""
        return Counter(text["status"] for text in self.texts)

    @property
    def twice(self) -> dict[str, int]:
        """Who was handed over more than once, and how often; everybody called once."""
        found = Counter(one.to for one in self.taken)
        return {to: count for to, count in found.items() if count > 1}

    @property
    def lost(self) -> set[str]:
        """Who called and has no text in the table."""
        return set(self.callers) - {text["to_number"] for text in self.texts}

    @property
    def unknown_but_taken(self) -> int:
        """How many texts the provider has, which nobody here knows."""
        has = {one.to for one in self.taken}
        return sum(text["status"] == "unknown" and text["to_number"] in has for text in self.texts)

    def _of_calls(self) -> Iterator[str]:
        rows = Counter(call["caller"] for call in self.calls)
        yield from (f"{number}: {rows[number]} calls" for number in self.callers if rows[number] != 1)
        texts = Counter(text["call_id"] for text in self.texts)
        for call in self.calls:
            told = f"{call['id']}: {call['disposition']}, {call['verdict']}, {call['reason']}"
            if call["verdict"] != "text":
                yield f"{told}: should be texted"
            if texts[call["id"]] != 1:
                yield f"{told}: {texts[call['id']]} texts"

    def _of_texts(self) -> Iterator[str]:
        taken = {one.sid: one for one in self.taken}
        for text in self.texts:
            status, sid = text["status"], text["provider_id"]
            if status not in FINAL:
                yield f"{_told(text)}: is no end"
            if (status in ("sent", "delivered") or sid is not None) and sid not in taken:
                yield f"{_told(text)}: the provider has none with {sid}"
            if sid in taken and (taken[sid].to, taken[sid].body) != (text["to_number"], text["body"]):
                yield f"{_told(text)}: {sid} is another text"
            if sid in self.told and status != "delivered":
                yield f"{_told(text)}: {sid} is delivered, and we were told so"
            if sid in taken and taken[sid].message_id not in (None, text["id"]):
                yield f"{_told(text)}: {sid} was handed over as {taken[sid].message_id}"

    def _of_provider(self) -> Iterator[str]:
        yield from (f"{number}: handed over {count} times" for number, count in self.twice.items())
        states = {text["to_number"]: text for text in self.texts}
        for one in self.taken:
            if one.to not in states:
                yield f"{one.to}: the provider has a text that is in no table"
            elif states[one.to]["status"] not in _THERE:
                yield f"{_told(states[one.to])}: but the provider has it"


def _told(text: Row) -> str:
    return f"{text['id']} to {text['to_number']}: {text['status']} ({text['reason']}), attempt {text['attempts']}"
