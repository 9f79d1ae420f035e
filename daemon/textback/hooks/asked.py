"""One small function per hook, and the variables that it sets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from textback.hooks.asking import UNKNOWN_CALL, DeskFault, PatientDesk
from textback.hooks.offering import offer
from textback.hooks.phone import Phone
from textback.hooks.request import Request, Variables, told

#: what tells why nobody answered, where the dialplan does not
_STATUSES = ("QUEUESTATUS", "DIALSTATUS")


async def may_offer(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """TEXTBACK_OFFER, TEXTBACK_REASON, and TEXTBACK_KEY, the practice's, for a dialplan that waits for it itself."""
    answer = await desk.may_offer(request.caller)
    told_key = {"TEXTBACK_KEY": answer.key} if answer.key else {}
    return {"TEXTBACK_OFFER": _flag(answer.offer), "TEXTBACK_REASON": answer.reason, **told_key}


async def call_to_text(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """TEXTBACK_RESULT, TEXTBACK_REASON, and TEXTBACK_AFTER once the caller was texted."""
    answer = await desk.call_to_text(request.caller)
    after = await desk.after_text(request.caller) if answer.result == "texted" else None
    return told(answer.result, answer.reason, after)


async def no_answer(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """Nothing, if the call is known; ``why`` may be an argument, else it is what the PBX noted."""
    why = request.arguments.get("why", "")
    for status in _STATUSES:
        why = why or await phone.variable(status)
    return _told(await desk.no_answer(request.caller, why))


async def handled(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """Nothing, if the call is known."""
    return _told(await desk.handled(request.caller))


async def hours(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """TEXTBACK_OPEN."""
    return {"TEXTBACK_OPEN": _flag(await desk.is_open(request.caller))}


async def caller(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """What is known of the caller."""
    about = await desk.about(request.caller)
    return {
        "TEXTBACK_NAME": about.name or "",
        "TEXTBACK_VERIFIED": _flag(about.verified),
        "TEXTBACK_LANGUAGE": about.language or "",
        "TEXTBACK_OPTED_OUT": _flag(about.opted_out),
        "TEXTBACK_CONVERSATION": "" if about.conversation is None else str(about.conversation),
    }


@dataclass(frozen=True, slots=True)
class Hook:
    """What a hook does, and what else the variables say when the desk does not answer.

    All of them then say TEXTBACK_RESULT=error, and TEXTBACK_REASON=timeout or fault. ``is_timed``: it only asks, so
    how long it takes is our doing.
    """

    ask: Callable[[PatientDesk, Request, Phone], Awaitable[Variables]]
    fallback: Mapping[str, str]
    is_timed: bool = True

    def failed(self, reason: str) -> Variables:
        """The variables where there is no answer."""
        return {**self.fallback, **told("error", reason)}


#: Flags fall back to digits, never to nothing: an expression of Asterisk over nothing is a syntax error. Without an
#: answer nobody is offered a text that we could not send, and the practice counts as open, since then phones ring.
HOOKS: Mapping[str, Hook] = {
    "may-offer": Hook(may_offer, {"TEXTBACK_OFFER": "0"}),
    "call-to-text": Hook(call_to_text, {}),
    "offer": Hook(offer, {}, is_timed=False),
    "no-answer": Hook(no_answer, {}),
    "handled": Hook(handled, {}),
    "hours": Hook(hours, {"TEXTBACK_OPEN": "1"}),
    "caller": Hook(
        caller,
        {
            "TEXTBACK_NAME": "",
            "TEXTBACK_VERIFIED": "0",
            "TEXTBACK_LANGUAGE": "",
            "TEXTBACK_OPTED_OUT": "0",
            "TEXTBACK_CONVERSATION": "",
        },
    ),
}


async def answer(hook: Hook, desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """The variables to set. Raises ``HungUp`` or ``PhoneError``; no fault of the desk's."""
    try:
        return await hook.ask(desk, request, phone)
    except DeskFault as fault:
        return hook.failed(fault.reason)


def _told(is_known: bool) -> Variables:
    """Nothing; but a dialplan that speaks of a call which the daemon does not know must hear that it spoke in vain."""
    return {} if is_known else told("error", UNKNOWN_CALL)


def _flag(value: bool) -> str:
    return "1" if value else "0"
