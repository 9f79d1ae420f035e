"""What an Asterisk has that a new configuration wants to know: trunks, queues, DIDs, contexts where callers arrive."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from textback.clock import Clock, system_clock
from textback.doctor.asterisk.etc import Etc, read_etc
from textback.doctor.asterisk.look import Look, look
from textback.doctor.asterisk.plan import Plan
from textback.doctor.asterisk.trunks import endpoints, outside
from textback.doctor.suggestions import Suggestions
from textback.pbx.ami import AmiSettings

#: what contexts are called in which callers arrive, in Asterisk's own samples, in FreePBX and among its users
_ARRIVALS = ("from-trunk", "from-pstn", "from-did-direct", "from-external", "inbound", "incoming", "public")
_DID = re.compile(r"\+?\d{7,15}")


async def suggest(settings: AmiSettings, folder: Path | None, clock: Clock = system_clock) -> Suggestions:
    """Ask the PBX, and look into its files where ``folder`` has them. Raises ``LinkError``."""
    etc = read_etc(folder) if folder else None
    contexts = _of_trunks(etc)
    found = await look(settings, [*contexts, *_ARRIVALS], 0.0, clock)
    plan = found.plan or {}
    arrivals = [name for name in contexts if name in plan] or [name for name in _ARRIVALS if name in plan][:1]
    return Suggestions(_trunks(etc, found, arrivals), tuple(arrivals), _queues(found), _dids(plan, arrivals))


def _of_trunks(etc: Etc | None) -> list[str]:
    """The contexts of endpoints that are told by their address, as trunks are."""
    conf = etc.get("pjsip.conf") if etc else None
    names = outside(etc, endpoints(etc, None) or ()) if conf else []
    found = [conf.value(name, "context") for name in names] if conf else []
    return list(dict.fromkeys(context for context in found if context))


def _trunks(etc: Etc | None, found: Look, arrivals: list[str]) -> tuple[str, ...]:
    return tuple(f"PJSIP/{name}-*" for name in outside(etc, endpoints(etc, found) or (), arrivals))


def _queues(found: Look) -> tuple[str, ...]:
    return tuple(sorted((found.queues or frozenset()) - {"default"}))


def _dids(plan: Plan, arrivals: Iterable[str]) -> tuple[str, ...]:
    """Extensions that look like telephone numbers, where callers arrive and in what that includes."""
    wanted, seen, dids = list(arrivals), set[str](), set[str]()
    while wanted:
        name = wanted.pop()
        if name in plan and name not in seen:
            seen.add(name)
            wanted += plan[name].includes
            dids |= {step.exten for step in plan[name].steps if _DID.fullmatch(step.exten)}
    return tuple(sorted(dids))
