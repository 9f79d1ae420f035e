"""Asks an Asterisk for lists, and for the part of its dialplan that matters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textback.doctor.asterisk.plan import Plan, shown
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError
from textback.pbx.wire import Headers

#: contexts that are asked for at most, on the way from where callers arrive
MOST_CONTEXTS = 60
_TARGET = re.compile(r"(?:Gosub|Goto|GotoIf|GosubIf|ExecIf)", re.IGNORECASE)
_PROMISED = re.compile(r"([\w.-]+),[^,()]+,[^,()]+")


async def listed(session: Session, action: dict[str, str]) -> list[Headers] | None:
    """The items; None where the PBX will not say. Raises ``LinkError`` if the link ends."""
    try:
        return await session.ask_list(action)
    except LinkError:
        if not session.is_open:
            raise
        return None


async def plan_from(session: Session, contexts: Sequence[str]) -> Plan:
    """The contexts and what they lead to: whole dialplans may have 100 000 lines, and Asterisk would have to wait."""
    plan: Plan = {}
    wanted = list(dict.fromkeys(contexts))
    while wanted and len(plan) < MOST_CONTEXTS:
        name = wanted.pop(0)
        rows = await listed(session, {"Action": "ShowDialPlan", "Context": name})
        if rows is None:
            continue
        plan[name] = shown(name, rows)
        wanted += [to for to in _led_to(plan, name) if to not in plan and to not in wanted]
    return plan


def _led_to(plan: Plan, name: str) -> list[str]:
    targets = list(plan[name].includes)
    for step in plan[name].steps:
        if _TARGET.fullmatch(step.app):
            targets += [found[1] for found in _PROMISED.finditer(step.data) if "$" not in found[1]]
    return targets
