"""What callers who wait are told about their text, and what the dialplan must know to tell it."""

from __future__ import annotations

import re

from textback.dialplans.keys import prompt
from textback.orders import MakeOffer, Order, TellAnswer
from textback.pbx import dialplan
from textback.pbx.waiting import Waiting

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


def sounds(order: Order) -> str:
    """What a caller who goes on waiting is to hear, with ``&`` between the sounds."""
    if isinstance(order, MakeOffer):
        return prompt(order.key)
    return dialplan.told(order.refused if isinstance(order, TellAnswer) else None)


def prompt_of(order: Order) -> str:
    """Where in the dialplan the prompt is."""
    return dialplan.OFFER if isinstance(order, MakeOffer) else dialplan.CONFIRM


def language(order: Order) -> str | None:
    """The caller's language, if it is one."""
    return order.language if order.language and _LANGUAGE.fullmatch(order.language) else None


def variables(order: Order, caller: Waiting) -> dict[str, str]:
    """What the dialplan is told; the place in the queue it learns by itself, at the moment of leaving."""
    told = {"TEXTBACK_QUEUE": caller.seat.queue}
    if isinstance(order, TellAnswer):
        told["TEXTBACK_RESULT"] = "refused" if order.refused else "texted"
        told["TEXTBACK_REASON"] = order.refused or ""
        told["TEXTBACK_AFTER"] = "stay" if order.stays or order.refused else "hangup"
    return told
