"""How the house's own dialplan asks hooks: whether there are such, where we listen, and whether its calls go on."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from textback.doctor.finding import Finding, failed, warning
from textback.doctor.freeswitch.plan import Extension, Step, last_set
from textback.doctor.freeswitch.wanted import Wanted
from textback.hooks.asked import HOOKS
from textback.pbx.esl_actions import CONTEXT


def examine_asks(wanted: Wanted, extension: Extension) -> Iterator[Finding]:
    """Hooks by their names, and sockets of the house's own."""
    for at, step in enumerate(extension.steps):
        if step.application == "socket":
            yield from _socket(wanted, step, extension.steps[:at], extension.steps[at + 1 :])
        elif step.assigns and step.assigns[0] == "textback_hook":
            yield from _hook(wanted, step, step.assigns[1])


def _hook(wanted: Wanted, step: Step, value: str) -> Iterator[Finding]:
    name = value.partition("?")[0].strip("/ ")
    if name in HOOKS or "$" in name or not name:
        return
    near = get_close_matches(name, HOOKS, 1, 0.5)
    says = f"{step.where}: there is no hook {name}; there are {', '.join(HOOKS)}; then reloadxml"
    lines = (step.written.replace(f"={name}", f"={near[0]}"),) if near else ()
    yield failed(f"{wanted.pbx.name}/hooks", says, lines, step.file, (step.written,) if near else ())


def _socket(wanted: Wanted, step: Step, before: tuple[Step, ...], after: tuple[Step, ...]) -> Iterator[Finding]:
    """One is ours by its address, or by the hook that it asks for."""
    address, hooks = step.data.partition(" ")[0], wanted.way.hooks if wanted.way else ""
    is_there = hooks in address.split("|")
    if not is_there and last_set(before, "textback_hook") is None:
        return
    if not is_there and "$" not in address:
        line = step.written.replace(address, hooks)
        says = f"{step.where}: it asks for a hook at {address}, and we listen at {hooks}; then reloadxml"
        yield failed(f"{wanted.pbx.name}/esl", says, (line,), step.file, (step.written,))
    check, on = f"{wanted.pbx.name}/fallback", "somewhere XML default"
    if not after:
        says = f"{step.where}: nothing follows the hook, so the call ends when the daemon does not answer"
        line = f'<action application="transfer" data="{on}"/>'
        yield failed(check, f"{says}; then reloadxml", (step.written, line), step.file, (step.written,))
        return
    says = f"{step.where}: a bare socket waits for ever for a daemon that hangs; textback-ask does not"
    lines = (
        f'<action application="set" data="textback_then={on}"/>',
        f'<action application="execute_extension" data="textback-settings XML {CONTEXT}"/>',
        f'<action application="transfer" data="textback-ask XML {CONTEXT}"/>',
    )
    yield warning(check, says, lines, step.file, (step.written,))
