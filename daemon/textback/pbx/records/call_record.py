"""All that queue_log and CDR hold of one call, and when it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from textback.events import NoAnswer
from textback.pbx.records.cdr import CdrRow
from textback.pbx.records.local_time import born
from textback.pbx.records.queue_log import QueueLine

#: seconds by which two records of the same moment may differ
SLACK = 2.0
#: verbs after which a caller is still on the line, with nobody
THROWN_OUT = {
    "EXITWITHTIMEOUT": NoAnswer.QUEUE_TIMEOUT,
    "EXITEMPTY": NoAnswer.QUEUE_EMPTY,
    "LEAVEEMPTY": NoAnswer.QUEUE_EMPTY,
    "LEAVEUNAVAIL": NoAnswer.QUEUE_EMPTY,
    "JOINEMPTY": NoAnswer.QUEUE_EMPTY,
    "JOINUNAVAIL": NoAnswer.QUEUE_EMPTY,
    "FULL": NoAnswer.QUEUE_FULL,
    "WITHDRAW": NoAnswer.WITHDRAWN,
}
#: verbs with which a caller hung up on a queue
GAVE_UP = frozenset({"ABANDON", "SYSCOMPAT"})
COMPLETED = frozenset({"COMPLETECALLER", "COMPLETEAGENT"})
TRANSFERRED = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"})


@dataclass(slots=True)
class CallRecord:
    """All lines and rows with one Uniqueid, as they were found; ``broken``: the PBX started anew meanwhile."""

    uniqueid: str
    lines: list[QueueLine] = field(default_factory=list)
    rows: list[CdrRow] = field(default_factory=list)
    broken: bool = False
    did: str | None = None

    @property
    def started(self) -> float:
        """When the channel was made, in epoch seconds."""
        told = [row.start for row in self.rows] + [line.at for line in self.lines]
        made = born(self.uniqueid)
        return made if made is not None else min(told)

    @property
    def is_contradictory(self) -> bool:
        """Whether somebody leaves a queue, or is answered in it, who has left it already and has not joined again.

        A number that begins like the end of its own line can put a line about somebody else behind it; that the PBX
        wrote the other lines of that call, too, is what betrays it.
        """
        left_at: float | None = None
        for line in self.lines:
            leaves = line.verb in GAVE_UP or line.verb in COMPLETED or line.verb in THROWN_OUT
            # One end may be written twice, at the same time.
            if left_at is not None and (line.verb == "CONNECT" or leaves and line.at > left_at + 1.0):
                return True
            if leaves:
                left_at = line.at if left_at is None else left_at
            elif line.verb == "ENTERQUEUE":
                left_at = None
        return False

    def ended(self) -> float | None:
        """When the caller left, in epoch seconds; None if the records do not tell it."""
        if self.is_contradictory:
            return None
        last = self.lines[-1] if self.lines else None
        hung_up = max((row.end for row in self.rows), default=None)
        if last is None:
            return hung_up
        if last.verb in GAVE_UP or last.verb in COMPLETED:
            return max(last.at, hung_up or 0.0)
        # A row of an earlier part of the call (before a transfer, say) tells nothing of what came after.
        least = last.at + 1.0 if last.verb in TRANSFERRED else last.at - SLACK
        return hung_up if hung_up is not None and hung_up > least and not self.broken else None
