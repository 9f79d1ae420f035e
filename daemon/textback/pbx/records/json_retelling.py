"""The facts of one call, from FreeSWITCH's record of the caller's leg, as a live link would have given them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from textback.events import (
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    Talking,
    VoicemailTook,
)
from textback.pbx.records.json_leg import JsonLeg, Step
from textback.pbx.records.retelling import Moment, Rank

#: cc_cancel_reason of a queue that gave up (mod_callcenter.c)
_GAVE_UP = {"TIMEOUT": NoAnswer.QUEUE_TIMEOUT, "NO_AGENT_TIMEOUT": NoAnswer.QUEUE_EMPTY}
_KEY = "EXIT_WITH_KEY"
#: originate_disposition, a hangup cause, of a bridge that came to nothing; all others: unreachable
_WHY = {
    "NO_ANSWER": NoAnswer.RANG_OUT,
    "NO_USER_RESPONSE": NoAnswer.RANG_OUT,
    "ALLOTTED_TIMEOUT": NoAnswer.RANG_OUT,
    "USER_BUSY": NoAnswer.BUSY,
}
#: bridge_hangup_cause of a bridge with early media, which nobody answered in the end
_NEVER_ANSWERED = frozenset({"ORIGINATOR_CANCEL", "NO_ANSWER", "NO_USER_RESPONSE", "USER_BUSY"})
#: applications in which a caller waits for a person, and where that is
_WAITING = {"callcenter": Place.QUEUE, "fifo": Place.QUEUE, "valet_park": Place.PARK, "park": Place.PARK}
_RINGING = frozenset({"bridge", "originate"})
#: an application that sends callers to our own prompts (dialplan/freeswitch)
_OFFERED = "textback-settings"


def moments(leg: JsonLeg, call_id: str) -> list[Moment]:
    """What happened to a caller between arrival and end, in order, the end included."""
    teller = _Teller(leg, call_id)
    found = [moment for at in range(len(leg.steps)) for moment in teller.of_step(at)]
    return [*found, Moment(Rank.END, CallerLeft(call_id, leg.ended, teller.hung_up))]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Writes the moments of one caller's call, application by application."""

    leg: JsonLeg
    call_id: str

    @property
    def hung_up(self) -> bool:
        """Whether the caller ended it, as far as SIP tells."""
        return not self.leg.variables["sip_hangup_disposition"].startswith("send_")

    def of_step(self, at: int) -> Iterator[Moment]:
        step = self.leg.steps[at]
        until = self._until(at)
        if step.application in _WAITING and not _is_consumer(step):
            yield from self._waiting(step, until, at)
        elif step.application in _RINGING:
            yield from self._ringing(step, until, at)
        elif _is_voicemail(step):
            yield Moment(Rank.START, VoicemailTook(self.call_id, step.at))
        elif step.data.startswith(_OFFERED) and at and self.leg.steps[at - 1].application in _WAITING:
            yield from self._offered(step, self.leg.steps[at - 1], at)

    def _until(self, at: int) -> float:
        """When an application was over: when the next one began that was not run within it."""
        later = self.leg.steps[at + 1 :]
        return later[0].at if later else self.leg.ended

    def _is_last(self, at: int) -> bool:
        return at == len(self.leg.steps) - 1

    # -- waiting -----------------------------------------------------------------------------------------

    def _waiting(self, step: Step, until: float, at: int) -> Iterator[Moment]:
        queue = _queue(step)
        yield Moment(Rank.START, HoldStarted(self.call_id, step.at, _WAITING[step.application], step.at, queue))
        bridged = self.leg.bridged_within(step.at, until)
        if bridged is not None:
            yield Moment(Rank.START, Talking(self.call_id, bridged, self._person()), until)
        elif not self._is_last(at):
            yield from (Moment(Rank.END, fact) for fact in self._gave_up(step, until, queue))

    def _gave_up(self, step: Step, until: float, queue: str | None) -> Iterator[Fact]:
        """Why the caller went on; of several queues the variables tell about the last one only."""
        reason = self.leg.variables["cc_cancel_reason"] if self._is_last_queue(step) else ""
        if reason == _KEY:
            yield KeyPressed(self.call_id, until, self.leg.variables["cc_exit_key"][:1] or "?")
        if reason in _GAVE_UP:
            yield NobodyAnswered(self.call_id, until, _GAVE_UP[reason], queue)
        else:
            yield HoldEnded(self.call_id, until)

    def _is_last_queue(self, step: Step) -> bool:
        queues = [one for one in self.leg.steps if one.application == "callcenter"]
        return bool(queues) and step is queues[-1] and self.leg.variables["cc_cause"] == "cancel"

    def _offered(self, step: Step, queue: Step, at: int) -> Iterator[Moment]:
        """Moved from the queue to our prompt by the daemon: they wait on, unless they pressed the key."""
        by_key = self._is_last_queue(queue) and self.leg.variables["cc_cancel_reason"] == _KEY
        if not by_key and self.leg.bridged_within(queue.at, step.at) is None:
            yield Moment(Rank.START, HoldStarted(self.call_id, step.at, Place.OFFER, step.at, _queue(queue)))

    # -- ringing -----------------------------------------------------------------------------------------

    def _ringing(self, step: Step, until: float, at: int) -> Iterator[Moment]:
        yield Moment(Rank.START, Ringing(self.call_id, step.at), until)
        bridged = self.leg.bridged_within(step.at, until)
        if bridged is not None and not self._never_answered(step):
            yield Moment(Rank.START, Talking(self.call_id, bridged, self._person()), until)
            return
        cause = self._cause(step)
        if cause != "ORIGINATOR_CANCEL":
            yield Moment(Rank.END, NobodyAnswered(self.call_id, until, _WHY.get(cause, NoAnswer.UNREACHABLE)))

    def _cause(self, step: Step) -> str:
        """Why nobody answered there; where early media came, that counts as a success, and the end tells more."""
        if not self._is_last_bridge(step):
            return "NO_ANSWER"
        told = self.leg.variables
        cause = told["originate_disposition"].upper()
        return (told["bridge_hangup_cause"] or told["hangup_cause"]).upper() if cause == "SUCCESS" else cause

    def _never_answered(self, step: Step) -> bool:
        """Whether it was bridged with early media only; the PBX tells it of the last bridge."""
        return self._is_last_bridge(step) and self.leg.variables["bridge_hangup_cause"] in _NEVER_ANSWERED

    def _is_last_bridge(self, step: Step) -> bool:
        return step is [one for one in self.leg.steps if one.application in _RINGING][-1]

    def _person(self) -> str | None:
        """Who was spoken with last: the queue's agent, else the far end's number."""
        agent = self.leg.variables["cc_agent"] if self.leg.variables["cc_cause"] == "answered" else ""
        channel = self.leg.variables["bridge_channel"]
        return agent or channel.rpartition("/")[2].partition("@")[0] or None


def _queue(step: Step) -> str | None:
    """The name of the queue; a parking lot is none."""
    return step.data.split(" ")[0] or None if _WAITING[step.application] is Place.QUEUE else None


def _is_consumer(step: Step) -> bool:
    """Whether somebody takes calls out of a fifo there."""
    return step.application == "fifo" and " out" in step.data


def _is_voicemail(step: Step) -> bool:
    """A box that takes a message; ``check`` is somebody who listens to theirs. FusionPBX does it in Lua."""
    if step.application == "voicemail":
        return not step.data.startswith("check")
    return step.application == "lua" and bool(re.search(r"\bvoicemail\b", step.data)) and "check" not in step.data
