"""How the dialplan calls ``Queue()`` and our hooks: whether a caller comes back to their position, and goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textback.doctor.asterisk.etc import EXTENSIONS, Etc, place
from textback.doctor.asterisk.plan import Plan, Step, arguments
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import Finding, failed, ok, skipped, warning
from textback.hooks.asked import HOOKS
from textback.pbx.dialplan import OURS

POSITION = "${TEXTBACK_POSITION}"
#: the first Asterisk whose Queue() has no macro argument
WITHOUT_MACRO = 21
_MACRO = 6  # its place, counted from 0
_AGI = re.compile(r"(agi://[^/\s,]+)/([a-z-]+)")
#: FreePBX's own; our contexts go back to it by its label
_FREEPBX, _QCALL = "ext-queues", "qcall"


def examine_calls(wanted: Wanted, etc: Etc | None, plan: Plan | None, major: int | None) -> Iterator[Finding]:
    """Every ``Queue()`` of the house that matters; ``major``: the Asterisk, None where it is not known."""
    if plan is None or not wanted.is_offering:
        return
    check, seen = f"{wanted.pbx.name}/position", 0
    for context, steps in ((name, there.steps) for name, there in plan.items() if not name.startswith(OURS)):
        for at, step in enumerate(steps):
            if step.app.lower() == "queue" and context != _FREEPBX:
                for finding in _queue(wanted, check, step, steps[:at], major):
                    seen += 1
                    yield finding
            elif step.app.lower() in ("agi", "eagi"):
                yield from _agi(wanted, etc, step, steps[at + 1 :])
    if etc and etc.is_freepbx:
        yield from _freepbx(wanted, plan)
    if not seen:
        yield ok(check, "no Queue() of the dialplan loses a caller's position")


def _freepbx(wanted: Wanted, plan: Plan) -> Iterator[Finding]:
    """Whether FreePBX's own line is where our contexts go back to."""
    steps = plan[_FREEPBX].steps if _FREEPBX in plan else []
    labels = {step.exten: set[str]() for step in steps}
    for step in steps:
        labels[step.exten].add(step.label)
    for queue in wanted.offering:
        if queue.name in labels and _QCALL not in labels[queue.name]:
            says = f"[{_FREEPBX}], {queue.name} has no label {_QCALL}, so callers do not come back to it"
            yield failed(
                f"{wanted.pbx.name}/fallback", f"{says}; this FreePBX writes its queues otherwise than we know"
            )


def _queue(wanted: Wanted, check: str, step: Step, before: list[Step], major: int | None) -> Iterator[Finding]:
    parts = arguments(step.data)
    name = parts[0]
    if any(POSITION in part for part in parts):
        yield from _position(check, step, parts, major)
        yield from _way_back(wanted, step, before)
    elif name in {queue.name for queue in wanted.offering}:
        ours = f"Gosub(textback-queue,s,1({_as_in_22(parts, major)}))"
        line = step.written.replace(f"{step.app}({step.data})", ours)
        says = (
            f"{step.where}: a caller whom {name} lets out for the offer, or by the key, does not come back to this"
            " line, and is hung up when the queue gives up"
        )
        yield failed(check, says, (line,), step.file, (step.written,))


def _position(check: str, step: Step, parts: list[str], major: int | None) -> Iterator[Finding]:
    if major is None:
        yield skipped(check, f"{step.where}: which argument is the position depends on the Asterisk: say --asterisk 22")
        return
    place = 9 if major >= WITHOUT_MACRO else 10
    is_at = next(number for number, part in enumerate(parts, 1) if POSITION in part)
    if is_at == place:
        yield ok(check, f"{step.where}: the position is argument {place}, as Asterisk {major} wants it")
        return
    rest = [part for part in parts if POSITION not in part]
    mended = ",".join([*(rest + [""] * place)[: place - 1], POSITION])
    says = (
        f"{step.where}: Asterisk {major} takes the position from argument {place} of Queue(), here it is the {is_at}th:"
        " callers would come back to the end of the queue"
    )
    yield failed(check, says, (step.written.replace(step.data, mended),), step.file, (step.written,))


def _way_back(wanted: Wanted, step: Step, before: list[Step]) -> Iterator[Finding]:
    if any(one.app.lower() == "set" and "TEXTBACK_BACK=" in one.data for one in before if one.exten == step.exten):
        return
    label = step.label or "queue"
    lines = (f" same => n,Set(TEXTBACK_BACK=${{CONTEXT}},${{EXTEN}},{label})", _labelled(step, label))
    says = f"{step.where}: without TEXTBACK_BACK a caller does not come back to this line, and is hung up in the end"
    yield failed(f"{wanted.pbx.name}/fallback", says, lines, step.file, (step.written,))


def _labelled(step: Step, label: str) -> str:
    if step.label or step.entry is None:
        return step.written
    return re.sub(r"(=>?\s*(?:[^,]+,)?\s*)n,", rf"\g<1>n({label}),", step.written, count=1)


def _as_in_22(parts: list[str], major: int | None) -> str:
    """Our own context takes the arguments of Asterisk 22 everywhere."""
    if major is not None and major < WITHOUT_MACRO and len(parts) > _MACRO:
        parts = parts[:_MACRO] + parts[_MACRO + 1 :]
    return ",".join(parts)


def _agi(wanted: Wanted, etc: Etc | None, step: Step, after: list[Step]) -> Iterator[Finding]:
    """A hook that the house itself asks."""
    found = _AGI.search(step.data)
    if found is None or found[2] not in HOOKS or wanted.way is None:
        return
    if found[1] != wanted.way.hooks:
        line = step.written.replace(found[1], wanted.way.hooks)
        says = f"{step.where}: it asks for a hook at {found[1]}, and we listen at {wanted.way.hooks}"
        yield failed(f"{wanted.pbx.name}/agi", says, (line,), step.file, (step.written,))
    if not any(one.exten == step.exten for one in after):
        says = f"{step.where}: nothing follows the hook, so the call ends when the daemon does not answer"
        line = " same => n,Goto(somewhere,that,1)   ; where the call goes on"
        yield failed(f"{wanted.pbx.name}/fallback", says, (step.written, line), place(etc, EXTENSIONS), (step.written,))
    else:
        says = f"{step.where}: AGI() waits for ever for a daemon that hangs; textback-hook does not"
        hook = step.data[found.start(2) :].partition(",")[0]
        settings = step.written.replace(f"{step.app}({step.data})", "Gosub(textback-settings,s,1)")
        lines = (settings, f" same => n,Gosub(textback-hook,s,1({hook},${{TEXTBACK_PATIENCE}}))")
        yield warning(f"{wanted.pbx.name}/fallback", says, lines, step.file, (step.written,))
