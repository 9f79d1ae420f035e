"""Whether ``trunks`` and ``inbound_contexts`` of textback.toml mean something on the PBX, and no phone by mistake."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.profiles import Profile, profiles_in
from textback.doctor.freeswitch.wanted import Wanted
from textback.pbx.esl_actions import CONTEXT

_SOFIA = "sofia/"
_RUNNING = "RUNNING"
_SHOWN = 12
#: what contexts and profiles are called in which callers arrive, in FreeSWITCH's own samples, and among its users
_PUBLIC, _OUTSIDE = ("public",), ("external", "trunk", "carrier", "provider", "pstn", "gateway")


def profiles(conf: Conf, look: Look | None) -> list[Profile] | None:
    """As the PBX tells them, else as its files do; None if neither is known."""
    return look.profiles if look and look.profiles is not None else profiles_in(conf)


def outside(found: Sequence[Profile]) -> list[Profile]:
    """Of these profiles those that look like trunks: by their context, else by what they are called."""
    own = [one for one in found if not one.is_gateway]
    public = [one for one in own if one.context in _PUBLIC]
    return public or [one for one in own if any(word in one.name.lower() for word in _OUTSIDE)]


def examine_trunks(wanted: Wanted, conf: Conf, look: Look | None) -> Iterator[Finding]:
    """Each pattern must match channels that can be, on profiles that run, and not those of phones."""
    check, known = f"{wanted.pbx.name}/trunks", profiles(conf, look)
    own = [one for one in known or () if not one.is_gateway]
    seen = look.channels if look else []
    for pattern in wanted.pbx.trunks:
        matching = [one for one in own if any(fnmatchcase(name, pattern) for name in _channels(one, pattern))]
        if matching or any(fnmatchcase(name, pattern) for name in seen):
            yield ok(check, f"{pattern} matches channels of this PBX")
            yield from _state(wanted, matching)
        elif not pattern.startswith(_SOFIA) or known is None:
            says = f"{pattern}: no such channel is up now, and what there could be is not known"
            yield skipped(check, says)
        else:
            yield _unmatched(wanted, check, pattern, known, conf)
    phones = [one for one in own if not one.context or one.context not in _PUBLIC]
    if len(own) > 1 and all(wanted.is_trunk(one.channel) for one in own) and not wanted.pbx.inbound_contexts:
        lines = _line("trunks", [one.pattern for one in outside(own) or [one for one in own if one not in phones]])
        says = "trunks matches every profile, so phones without a password would be taken for callers"
        yield warning(check, says, lines, wanted.toml)


def examine_contexts(wanted: Wanted, conf: Conf, look: Look | None) -> Iterator[Finding]:
    """Each inbound context must be in the dialplan, and be one in which callers arrive."""
    check = f"{wanted.pbx.name}/inbound_contexts"
    for context in wanted.pbx.inbound_contexts:
        if context in conf.contexts:
            yield ok(check, f"the context {context} is in the dialplan")
        elif not conf.contexts and look is None:
            yield skipped(check, f"whether there is a context {context} is not known")
        else:
            every = [*conf.contexts, *(one.context for one in profiles(conf, look) or ())]
            yield _unknown(wanted, check, context, every)
    if wanted.pbx.inbound_contexts:
        yield from _elsewhere(wanted, check, profiles(conf, look) or [])
    for arrival in look.arrived if look else ():
        is_seen = not wanted.pbx.inbound_contexts or arrival.context in wanted.pbx.inbound_contexts
        if wanted.is_trunk(arrival.channel) and not is_seen:
            says = f"a call came in over a trunk in the context {arrival.context}, which inbound_contexts does not name"
            lines = _line("inbound_contexts", [*wanted.pbx.inbound_contexts, arrival.context])
            yield failed(check, says, lines, wanted.toml)


def arrivals(wanted: Wanted, conf: Conf, look: Look | None) -> list[str]:
    """The contexts in which callers arrive, as far as they are known."""
    found = [one.context for one in profiles(conf, look) or () if not one.is_gateway and wanted.is_trunk(one.channel)]
    return list(dict.fromkeys([*wanted.pbx.inbound_contexts, *filter(None, found)]))


def _channels(profile: Profile, pattern: str) -> tuple[str, str]:
    """What calls over the profile may be called: one with any far end, and one with that of the pattern."""
    far_end = pattern.removeprefix(_SOFIA).partition("/")[2]
    return profile.channel, f"{_SOFIA}{profile.name}/{far_end.replace('*', '0').replace('?', '0')}"


def _state(wanted: Wanted, matching: Sequence[Profile]) -> Iterator[Finding]:
    for profile in matching:
        if profile.state and not profile.state.startswith(_RUNNING):
            says = f"the profile {profile.name} does not run ({profile.state}), so nobody can call over it"
            line = f'fs_cli -x "sofia profile {profile.name} start"'
            yield failed(f"{wanted.pbx.name}/trunks", says, (line,), SHELL)
        if profile.dtmf == "none":
            says = f"the profile {profile.name} takes no digits (dtmf-type none), so nobody can press a key"
            file = f'autoload_configs/sofia.conf.xml, last in the settings of <profile name="{profile.name}">'
            yield failed(f"{wanted.pbx.name}/trunks", says, ('<param name="dtmf-type" value="rfc2833"/>',), file)


def _unmatched(wanted: Wanted, check: str, pattern: str, known: Sequence[Profile], conf: Conf) -> Finding:
    rest = [one for one in wanted.pbx.trunks if one != pattern]
    name = pattern.removeprefix(_SOFIA).partition("/")[0]
    if written := next((one for one in profiles_in(conf) or () if one.name == name and not one.is_gateway), None):
        says = f"the profile {written.name} of {pattern} is written down, but does not run, so no call is seen"
        return failed(check, says, (f'fs_cli -x "sofia profile {written.name} start"',), SHELL)
    gateways = {one.name.partition("::")[2]: one.name.partition("::")[0] for one in known if one.is_gateway}
    words = pattern.removeprefix(_SOFIA).removeprefix("gateway/").partition("/")[0]
    if words in gateways:
        says = f"{pattern}: channels are called after their profile, not after the gateway, so no call is seen"
        return failed(check, says, _line("trunks", [*rest, f"{_SOFIA}{gateways[words]}/*"]), wanted.toml)
    own = [one for one in known if not one.is_gateway]
    near = [one for one in own if one.name in get_close_matches(name, [one.name for one in own], 1, 0.6)]
    meant = near or [one for one in outside(own) if one.pattern not in rest]
    shown = ", ".join(one.name for one in own[:_SHOWN]) + (" …" if len(own) > _SHOWN else "")
    says = f"{pattern} matches no profile of this PBX, so no call is seen; it has {shown or 'none at all'}"
    return failed(check, says, _line("trunks", [*rest, *(one.pattern for one in meant)]) if meant else (), wanted.toml)


def _unknown(wanted: Wanted, check: str, context: str, every: Collection[str]) -> Finding:
    candidates = [name for name in every if name and name != CONTEXT]
    near = get_close_matches(context, candidates, 1, 0.5)
    rest = [name for name in wanted.pbx.inbound_contexts if name != context]
    says = f"there is no context {context} in the dialplan, so nobody who arrives there is a caller"
    says += f"; is {near[0]} meant" if near else ""
    meant = near or [name for name in candidates if name in _PUBLIC][:1]
    return failed(check, says, _line("inbound_contexts", [*rest, *meant]) if rest or meant else (), wanted.toml)


def _elsewhere(wanted: Wanted, check: str, known: Sequence[Profile]) -> Iterator[Finding]:
    """A trunk's profile whose callers arrive in a context that is not named: none of them is seen."""
    for profile in known:
        if profile.is_gateway or not profile.context or not wanted.is_trunk(profile.channel):
            continue
        if profile.context not in wanted.pbx.inbound_contexts:
            says = f"callers over the profile {profile.name} arrive in the context {profile.context}, which"
            says += " inbound_contexts does not name, so none of them is seen"
            lines = _line("inbound_contexts", [*wanted.pbx.inbound_contexts, profile.context])
            yield failed(check, says, lines, wanted.toml)


def _line(key: str, values: Sequence[str]) -> tuple[str, ...]:
    """One line of textback.toml, which takes the place of the one with that key."""
    return (f"{key} = {json.dumps(list(dict.fromkeys(values)))}",)
