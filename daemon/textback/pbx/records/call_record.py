"""All that queue_log and CDR hold of one call, and when it ended."""

from __future__ import annotations

from collections.abc import Sequence
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


def is_whole(lines: Sequence[QueueLine]) -> bool:
    """Whether a caller joins, is answered and leaves in an order in which they can, and has left in the end."""
    waits = talks = False
    for line in lines:
        joins, leaves = line.verb == "ENTERQUEUE", line.verb in GAVE_UP | THROWN_OUT.keys() | {"EXITWITHKEY"}
        if joins and (waits or talks) or (leaves or line.verb == "CONNECT") and not waits:
            return False
        if line.verb in COMPLETED | TRANSFERRED and not talks:
            return False
        waits = joins or waits and not leaves and line.verb != "CONNECT"
        talks = line.verb == "CONNECT" or talks and line.verb not in COMPLETED | TRANSFERRED
    return not waits and not talks


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
            if left_at is not None and (line.verb == "CONNECT" or leaves and abs(line.at - left_at) > 1.0):
                return True
            if leaves:
                left_at = line.at if left_at is None else left_at
            elif line.verb == "ENTERQUEUE":
                left_at = None
        return False

    def leave_out_forged(self) -> None:
        """Whoever forges a line about this call cannot take the true ones away, which are a whole without it."""
        sure = [line for line in self.lines if not line.doubt]
        if not sure:  # two true lines are longer than a number
            sure = self.lines if len({line.doubt for line in self.lines}) == len(self.lines) else []
        elif is_whole(self.lines) or not is_whole(sure):
            return
        self.lines = sure

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
