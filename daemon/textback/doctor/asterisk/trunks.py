"""Whether ``trunks`` and ``inbound_contexts`` of textback.toml mean something on the PBX, and no phone by mistake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from textback.doctor.asterisk.etc import EXTENSIONS, Etc
from textback.doctor.asterisk.look import Look
from textback.doctor.asterisk.plan import Plan, plan_of
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import Finding, failed, ok, skipped, warning

#: the serial number that Asterisk puts behind the name of an endpoint
_SERIAL = "-00000001"
_SHOWN = 12


def endpoints(etc: Etc | None, look: Look | None) -> list[str] | None:
    """The PJSIP endpoints, as the PBX tells them, else as its files do; None if neither is known."""
    if look and look.endpoints is not None:
        return look.endpoints
    conf = etc.get("pjsip.conf") if etc else None
    if conf is None:
        return None
    types = {
        name: [entry.value for entry in entries if entry.name == "type"] for name, entries in conf.sections.items()
    }
    return sorted(name for name, kinds in types.items() if "endpoint" in kinds and name not in conf.templates)


def outside(etc: Etc | None, names: Iterable[str], contexts: Sequence[str] = ()) -> list[str]:
    """Of these endpoints those that look like trunks: what their files say, else what they are called."""
    conf = etc.get("pjsip.conf") if etc else None
    names = list(names)
    if conf and contexts:
        told = [name for name in names if conf.value(name, "context") in contexts]
        if told:
            return told
    if conf:
        identified = {
            entry.value for entries in conf.sections.values() for entry in entries if entry.name == "endpoint"
        }
        if told := [name for name in names if name in identified]:
            return told
    called = [name for name in names if "trunk" in name.lower()]
    return called or [name for name in names if not any(map(str.isdigit, name))]


def examine_trunks(wanted: Wanted, etc: Etc | None, look: Look | None) -> Iterator[Finding]:
    """Each pattern must match channels that can be, and not those of phones."""
    check, file = f"{wanted.pbx.name}/trunks", f"textback.toml, [[pbx]] {wanted.pbx.name}"
    known = endpoints(etc, look)
    channels = [f"PJSIP/{name}{_SERIAL}" for name in known or ()]
    seen = (look.channels or []) if look else []
    for pattern in wanted.pbx.trunks:
        if any(fnmatchcase(name, pattern) for name in (*channels, *seen)):
            yield ok(check, f"{pattern} matches channels of this PBX")
        elif not pattern.startswith("PJSIP/") or known is None:
            says = f"{pattern}: no such channel is up now, and what there could be is not known"
            yield skipped(check, f"{says}: write=system (PJSIPShowEndpoints) or --asterisk-etc FOLDER tells it")
        else:
            yield _unmatched(check, file, pattern, known, etc, wanted)
    matched = [name for name in channels if any(fnmatchcase(name, pattern) for pattern in wanted.pbx.trunks)]
    if len(matched) > 1 and len(matched) == len(channels) and not wanted.pbx.inbound_contexts:
        says = "trunks matches every endpoint, so phones would be taken for callers"
        yield warning(check, says, _line("trunks", [f"PJSIP/{name}-*" for name in outside(etc, known or ())]), file)


def examine_contexts(wanted: Wanted, etc: Etc | None, look: Look | None, plan: Plan | None) -> Iterator[Finding]:
    """Each inbound context must be in the dialplan."""
    check, file = f"{wanted.pbx.name}/inbound_contexts", f"textback.toml, [[pbx]] {wanted.pbx.name}"
    conf = etc.get(EXTENSIONS) if etc else None
    every = set(plan or ()) | (set(plan_of(conf)) if conf else set())
    for context in wanted.pbx.inbound_contexts:
        if plan is None and conf is None:
            yield skipped(check, f"whether there is a [{context}] is not known: write=reporting lets me ask")
        elif context in every:
            yield ok(check, f"[{context}] is in the dialplan")
        else:
            near = get_close_matches(context, [name for name in every if not name.startswith("textback-")], 1, 0.5)
            rest = [name for name in wanted.pbx.inbound_contexts if name != context]
            says = f"there is no [{context}] in the dialplan, so nobody who arrives there is a caller"
            says += f"; is {near[0]} meant" if near else ""
            yield failed(check, says, _line("inbound_contexts", [*rest, *near]), file)


def _unmatched(check: str, file: str, pattern: str, known: list[str], etc: Etc | None, wanted: Wanted) -> Finding:
    near = outside(etc, known, wanted.pbx.inbound_contexts)
    says = f"{pattern} matches no endpoint of this PBX, so no call is seen; it has {', '.join(known[:_SHOWN])}"
    rest = [one for one in wanted.pbx.trunks if one != pattern]
    lines = _line("trunks", [*rest, *(f"PJSIP/{name}-*" for name in near)]) if near else ()
    return failed(check, says + (" …" if len(known) > _SHOWN else ""), lines, file)


def _line(key: str, values: list[str]) -> tuple[str, ...]:
    """One line of textback.toml, which takes the place of the one with that key."""
    return (f"{key} = {json.dumps(values)}",)
