"""Whether the daemon's user may see and do what it needs: by what the PBX proves, else by its files."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.asterisk import filters
from textback.doctor.asterisk.etc import MANAGER, Etc, place
from textback.doctor.asterisk.look import Look
from textback.doctor.asterisk.manager_conf import ManagerUser, channelvars, user_of
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning

RELOAD = 'asterisk -rx "manager reload"'
RESTART = 'asterisk -rx "core restart when convenient"'
PRESENTATION = "CALLERID(pres)"
_HOW = "--asterisk-etc FOLDER shows it, or --listen 60 and a call from outside"
#: of the actions that the daemon needs, by their class in the write line: what ListCommands names, the user may do
_PROOFS = {"call": "Redirect", "reporting": "ShowDialPlan", "originate": "Originate"}
_SEES = {
    "system": "that the PBX restarts",
    "call": "calls",
    "agent": "who waits in a queue",
    "dtmf": "the key that a caller presses",
    "dialplan": "how a queue or a dial ended",
}


def examine_user(wanted: Wanted, etc: Etc | None, look: Look | None) -> Iterator[Finding]:
    """Everything about the user but whether it gets in."""
    conf = etc.get(MANAGER) if etc else None
    user = user_of(conf, wanted.username) if conf else None
    yield from _read(wanted, etc, look, user)
    yield from _write(wanted, etc, look, user)
    if user:
        yield from _filters(wanted, etc, user)
    elif look:
        why = "manager.conf was not looked into (--asterisk-etc FOLDER)"
        yield skipped(f"{wanted.pbx.name}/eventfilter", f"whether events are filtered away cannot be asked: {why}")
    yield from _channelvars(wanted, etc, look)


# -- read ------------------------------------------------------------------------------------------------------------


def _read(wanted: Wanted, etc: Etc | None, look: Look | None, user: ManagerUser | None) -> Iterator[Finding]:
    lines = (f"[{wanted.username}](+)", f"read = {','.join(wanted.read)}")
    for kind in wanted.read:
        check, what = f"{wanted.pbx.name}/read={kind}", _SEES[kind]
        proven = _is_proven(kind, look)
        listed = kind in user.read if user else kind in look.read if look and look.read is not None else None
        if proven is False and listed:
            says = f"manager.conf has {kind} among the read classes, but events of that class do not come: reload it"
            yield failed(check, says, (RELOAD,), SHELL)
        elif proven or listed:
            yield ok(check, f"the daemon sees {what}" if proven else f"manager.conf lets the daemon see {what}")
        elif proven is False or listed is False:
            says = f"the daemon does not see {what}: {kind} is not among the read classes of {wanted.username}"
            says += "" if user else ", or a filter hides it"
            yield failed(check, says, lines, place(etc, MANAGER))
        elif look:
            says = f"no event of the class {kind} has come, so whether the daemon sees {what} is not known"
            yield skipped(check, f"{says}: {_HOW}")


def _is_proven(kind: str, look: Look | None) -> bool | None:
    if look is None:
        return None
    if kind == "system":  # FullyBooted follows every login, for those who may see it
        return look.booted
    if kind in look.heard:
        return True
    return False if kind in look.missed else None


# -- write -----------------------------------------------------------------------------------------------------------


def _write(wanted: Wanted, etc: Etc | None, look: Look | None, user: ManagerUser | None) -> Iterator[Finding]:
    lines = (f"[{wanted.username}](+)", f"write = {','.join(wanted.write)}")
    for kind in wanted.write:
        proof, check = _PROOFS.get(kind), f"{wanted.pbx.name}/write={kind}"
        if proof is None:  # no action that is needed depends on it
            continue
        may = proof in look.actions if look else kind in user.write if user else None
        if may:
            yield ok(check, f"{wanted.username} may {proof}")
        elif may is False and look and user and kind in user.write:
            says = f"manager.conf lets {wanted.username} {proof}, the PBX does not: reload it"
            yield failed(check, says, (RELOAD,), SHELL)
        elif may is False:
            says = f"{wanted.username} may not {proof}: {kind} is not among its write classes"
            yield failed(check, says, lines, place(etc, MANAGER))
    if look and "QueueStatus" not in look.actions:
        says = "the PBX does not know QueueStatus: app_queue is not loaded"
        yield failed(f"{wanted.pbx.name}/app_queue", says, ('asterisk -rx "module load app_queue.so"',), SHELL)


# -- filters ---------------------------------------------------------------------------------------------------------


def _filters(wanted: Wanted, etc: Etc | None, user: ManagerUser) -> Iterator[Finding]:
    check, file = f"{wanted.pbx.name}/eventfilter", place(etc, MANAGER)
    faults = 0
    for one in user.filters:
        if one.pattern is None:
            faults += 1
            yield warning(check, f"this line is no regular expression that we can read: {one.text}")
    for text in user.unjudged:
        faults += 1
        yield warning(check, f"a filter in the syntax of Asterisk 22 is not judged: {text}")
    for one in filters.abused(user.filters):
        faults += 1
        says = f"a caller who takes a name that fits is not seen at all: {one.text} looks beyond the event's name"
        yield failed(check, says, _our_filters(wanted), one.entry.file, (one.entry.line,))
    missing = filters.hidden([one for one in user.filters if one not in filters.abused(user.filters)])
    if missing:
        faults += 1
        says = f"events that the daemon needs are filtered away: {', '.join(missing[:5])}{' …' if missing[5:] else ''}"
        yield failed(check, says, (f"[{user.name}](+)", *_adding(user, wanted)), file)
    elif not user.filters and "dialplan" in user.read:
        says = "without eventfilter lines the class dialplan doubles the traffic"
        yield warning(check, says, (f"[{user.name}](+)", *_our_filters(wanted)), file)
    elif not faults:
        yield ok(check, "the filters let everything through that the daemon needs, and no caller can abuse them")


def _our_filters(wanted: Wanted) -> tuple[str, ...]:
    text = wanted.rendered.files["manager-textback.conf"] if wanted.rendered else ""
    return tuple(line for line in text.splitlines() if line.startswith("eventfilter"))


def _adding(user: ManagerUser, wanted: Wanted) -> tuple[str, ...]:
    """What lets the rest through; a line that hides it cannot be undone by one that is added."""
    return _our_filters(wanted) if not any(one.hides for one in user.filters) else ()


# -- hidden numbers --------------------------------------------------------------------------------------------------


def _channelvars(wanted: Wanted, etc: Etc | None, look: Look | None) -> Iterator[Finding]:
    check = f"{wanted.pbx.name}/channelvars"
    conf = etc.get(MANAGER) if etc else None
    names = channelvars(conf) if conf else None
    told = look.presentation if look else None
    if told or (told is None and names is not None and PRESENTATION in names):
        says = "the PBX tells" if told else "manager.conf lets the PBX tell"
        yield ok(check, f"{says} whether a caller hides the number")
    elif names is not None and PRESENTATION in names:
        yield failed(check, "channelvars is there, but the PBX was not restarted since", (RESTART,), SHELL)
    elif told is False or names is not None:
        line = f"channelvars = {','.join([*(names or []), PRESENTATION])}"
        says = "a caller who hides the number would be texted all the same, since the PBX does not tell"
        yield failed(check, f"{says}; it takes a restart", ("[general](+)", line), place(etc, MANAGER))
    elif look:
        says = "nobody is on the line, so whether the PBX tells who hides the number is not known"
        yield skipped(check, f"{says}: {_HOW}")
