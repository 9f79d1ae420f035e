"""What a FreeSWITCH has that a new configuration wants to know: profiles, queues, DIDs, contexts of callers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from textback.clock import Clock, system_clock
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look, Questions, look
from textback.doctor.freeswitch.plan import extensions, led_to
from textback.doctor.freeswitch.tags import Node
from textback.doctor.freeswitch.trunks import outside
from textback.doctor.suggestions import Suggestions
from textback.pbx.esl import EslSettings
from textback.pbx.esl_actions import CONTEXT

#: what contexts are called in which callers arrive
_ARRIVALS = ("public", "from-trunk", "inbound")
_DIALLED = ("destination_number", "${destination_number}", "${sip_req_user}", "${sip_to_user}")
#: the parts of an expression that every number fits: ``^\+?1?(2025550110)$``
_OPTIONAL = re.compile(r"\\?\+\??|1\?|[()^$]|\?:")
_DID = re.compile(r"\d{7,15}")


async def suggest(settings: EslSettings, clock: Clock = system_clock) -> Suggestions:
    """Ask the PBX. Raises ``LinkError``."""
    found = await look(settings, Questions(_ARRIVALS, is_of_interest=lambda profile: True), clock)
    trunks = outside(found.profiles or [])
    arrivals = list(dict.fromkeys(one.context for one in trunks if one.context)) or _usual(found.conf)
    dids = _dids(found.conf.contexts, arrivals)
    return Suggestions(tuple(one.pattern for one in trunks), tuple(arrivals), _queues(found), dids)


def _usual(conf: Conf) -> list[str]:
    return [name for name in _ARRIVALS if name in conf.contexts][:1]


def _queues(found: Look) -> tuple[str, ...]:
    """Those of mod_callcenter, and the fifos that somebody gave a name."""
    named = {row.get("name", "") for row in found.queues or ()} | (found.fifos - {"manual_calls"})
    return tuple(sorted(name for name in named if name))


def _dids(contexts: Mapping[str, Node], arrivals: Iterable[str]) -> tuple[str, ...]:
    """Numbers that an extension wants to be dialled, where callers arrive and where that leads."""
    waiting, seen, dids = list(arrivals), set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in contexts or name in seen or name == CONTEXT:
            continue
        seen.add(name)
        waiting += led_to(contexts[name])
        for extension in extensions(contexts[name]):
            for field, expression in extension.conditions:
                if field in _DIALLED:
                    dids |= _numbers(expression)
    return tuple(sorted(dids))


def _numbers(expression: str) -> set[str]:
    """The alternatives of an expression that are numbers."""
    return {part for part in _OPTIONAL.sub("", expression).split("|") if _DID.fullmatch(part)}
