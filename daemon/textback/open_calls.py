"""The calls that are open or settling, in memory: what a batch changed is taken back if its transaction fails."""

from __future__ import annotations

from textback.call import Call, Phase
from textback.deadlines import Deadlines
from textback.ledger import Entry


class OpenCalls:
    """Each call by its id, the calls that the batch in hand changed, and how those were before.

    Who changes a call has it expected by ``deadlines``. Reading is safe from any thread, as a copy of the calls is one
    step of the interpreter; changing is for the writer's thread.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._entries: dict[str, Entry] = {}
        #: the calls that the batch in hand changed, None for those that it brought
        self._before: dict[str, Entry | None] = {}
        self._dirty: set[str] = set()

    def begin(self, again: bool) -> None:
        """Start a batch: the last one holds, or is to be done ``again`` and never was."""
        if again:
            for call_id, entry in self._before.items():
                self._take_back(call_id, entry)
        else:
            for call_id in self._before:
                entry = self._entries.get(call_id)
                if entry and entry.is_over:
                    del self._entries[call_id]
        self._before = {}
        self._dirty.clear()

    def _take_back(self, call_id: str, entry: Entry | None) -> None:
        if entry is None:
            self._entries.pop(call_id, None)
        else:
            self.load(entry)

    def __getitem__(self, call_id: str) -> Entry:
        return self._entries[call_id]

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._entries

    def get(self, call_id: str) -> Entry | None:
        return self._entries.get(call_id)

    def every(self, pbx: str | None = None) -> list[Entry]:
        """All of them, or those of one PBX."""
        return [entry for entry in list(self._entries.values()) if pbx in (None, entry.call.pbx)]

    def on_the_line(self, pbx: str | None = None) -> list[Call]:
        """The calls that have not ended, as far as is known."""
        return [entry.call for entry in self.every(pbx) if entry.call.phase is not Phase.ENDED]

    # -- changes ----------------------------------------------------------------------------------------

    def load(self, entry: Entry) -> None:
        """Take in a call as it is stored."""
        self._entries[entry.call.id] = entry
        if entry.deadline is not None:
            self._deadlines.expect(entry.call.pbx, entry.deadline, entry.call.id)

    def put(self, entry: Entry) -> None:
        """A call as it is from now on, to be saved."""
        call_id = entry.call.id
        self._before.setdefault(call_id, self._entries.get(call_id))
        self._dirty.add(call_id)
        self.load(entry)

    def touch(self, entry: Entry) -> None:
        """What was due of a call is told only once: if the batch fails, it is expected again."""
        self._before.setdefault(entry.call.id, entry)

    def drop(self, call_id: str) -> None:
        """Look after a call no more; it stays as it is stored."""
        self._before.setdefault(call_id, self._entries.pop(call_id))

    def forget(self, pbx: str) -> None:
        """The calls of that PBX are somebody else's now, however the batch ends."""
        self._deadlines.forget(pbx)
        for entry in self.every(pbx):
            del self._entries[entry.call.id]
            self._before.pop(entry.call.id, None)
            self._dirty.discard(entry.call.id)

    def changed(self) -> list[Entry]:
        """The calls to be saved, each once: whoever asks saves them."""
        found = [self._entries[call_id] for call_id in sorted(self._dirty)]
        self._dirty.clear()
        return found
