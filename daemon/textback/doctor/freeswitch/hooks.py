"""Whether textback's own context is in the dialplan whole, asks at the right address and listens to the right keys."""

from __future__ import annotations

from collections.abc import Iterator

from textback.dialplans.freeswitch_headings import DIALPLAN
from textback.dialplans.keys import prompt
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.plan import Extension, extensions
from textback.doctor.freeswitch.settings import SETTINGS, Settings, settings_for
from textback.doctor.freeswitch.tags import read_tags
from textback.doctor.freeswitch.wanted import Wanted
from textback.pbx.esl_actions import CONTEXT

#: actions that carry a call on, or say what the next one needs; the others are a house's own to change
_CARRIES = {"transfer", "socket", "sched_transfer", "sched_cancel", "execute_extension", "callcenter", "set",
            "multiset", "unset", "play_and_get_digits"}  # fmt: skip
_RENDER = "textback dialplan show --output {folder}"
_RELOAD = "fs_cli -x reloadxml"


def examine_hooks(wanted: Wanted, conf: Conf, is_loaded: bool) -> Iterator[Finding]:
    """The extensions, their settings and their keys, where call_to_text is on; ``is_loaded``: the PBX told them."""
    check = f"{wanted.pbx.name}/dialplan"
    if not wanted.is_offering:
        yield skipped(check, "call_to_text is off for this PBX, so nothing of ours has to be in its dialplan")
        return
    if wanted.problem:
        yield failed(check, wanted.problem)
        return
    if not conf.contexts and conf.folder is None and not is_loaded:
        yield skipped(check, "the dialplan was not looked into: --freeswitch-etc FOLDER lets me")
        return
    context = conf.contexts.get(CONTEXT)
    if context is None:
        says = f"the dialplan has no context {CONTEXT}: a key that is pressed on hold comes to nothing"
        yield failed(check, says, _render(conf), SHELL)
        return
    yield from _again(check, conf)
    yield from _extensions(wanted, check, conf, extensions(context))
    if settings := settings_for(conf, ""):
        yield from _address(wanted, settings)
        yield from _patience(wanted, settings)
        yield from _keys(wanted, conf)


def _render(conf: Conf) -> tuple[str, ...]:
    return _RENDER.format(folder=conf.folder or conf.variables.get("conf_dir", "/etc/freeswitch")), _RELOAD


def _again(check: str, conf: Conf) -> Iterator[Finding]:
    """A context twice: the first counts, and the other is never looked at."""
    for node in conf.again:
        if node.tag == "context" and node.get("name") == CONTEXT:
            first = conf.contexts[CONTEXT].file
            says = f"{first} and {node.file} both have the context {CONTEXT}: only the first counts; take one away"
            yield failed(check, says, (f"rm {conf.folder}/{first}", _RELOAD), SHELL)


# -- the extensions --------------------------------------------------------------------------------------------------


def _extensions(wanted: Wanted, check: str, conf: Conf, found: list[Extension]) -> Iterator[Finding]:
    """Each as it is rendered: no action may be missing that carries the call on."""
    there, faults = {one.name: one for one in found}, 0
    for expected in shipped_extensions(wanted):
        extension = there.get(expected.name)
        if extension is None:
            faults += 1
            says = f"the context {CONTEXT} has no extension {expected.name}: who is sent there is hung up on"
            yield failed(check, says, _render(conf), SHELL)
        elif expected.name != SETTINGS and (lost := _lost(expected, extension)):
            faults += 1
            says = f"{expected.name} lacks what carries a call on: {lost}; render it anew (--force)"
            yield failed(check, says, _render(conf), SHELL)
    if not faults:
        yield ok(check, f"the context {CONTEXT} is in the dialplan, whole")


def shipped_extensions(wanted: Wanted) -> list[Extension]:
    """Those of the file as it would be rendered now."""
    text = wanted.rendered.files[DIALPLAN] if wanted.rendered else ""
    return [one for node in read_tags(text).walk() if node.tag == "context" for one in extensions(node)]


def _lost(expected: Extension, found: Extension) -> str | None:
    steps = {(step.application, step.data, step.node.tag) for step in found.steps}
    for step in expected.steps:
        if step.application in _CARRIES and (step.application, step.data, step.node.tag) not in steps:
            return step.written
    for field, expression in expected.conditions:
        if (field, expression) not in found.conditions:
            return f'<condition field="{field}" expression="{expression}">'
    return None


# -- the settings ----------------------------------------------------------------------------------------------------


def _address(wanted: Wanted, settings: Settings) -> Iterator[Finding]:
    check, expected = f"{wanted.pbx.name}/esl", wanted.way.hooks if wanted.way else ""
    if not wanted.has_hooks:
        lines = ("[esl]", f'listen = "{expected}"')
        yield failed(check, "the dialplan asks for hooks, and textback.toml has no [esl]", lines, "textback.toml")
        return
    value = settings.get("textback_esl")
    if expected in value.split("|"):
        yield ok(check, f"the dialplan asks for hooks at {expected}")
    else:
        says = f"the dialplan asks for hooks at {value or 'no address'}, and we listen at {expected}; then reloadxml"
        file, replaces = settings.place("textback_esl")
        yield failed(check, says, (_set("esl", expected),), file, replaces)
    for remark in wanted.way.remarks if wanted.way else ():
        yield warning(check, remark)


def _patience(wanted: Wanted, settings: Settings) -> Iterator[Finding]:
    """It goes into sched_transfer behind a plus sign, which takes whole seconds."""
    value = settings.get("textback_patience")
    if not value.isdecimal() or int(value) == 0:
        says = f"textback_patience is {value or 'not set'}: a daemon that hangs would keep callers for ever"
        file, replaces = settings.place("textback_patience")
        yield failed(f"{wanted.pbx.name}/fallback", f"{says}; then reloadxml", (_set("patience", "3"),), file, replaces)


def _keys(wanted: Wanted, conf: Conf) -> Iterator[Finding]:
    """What each queue listens to, as practices want it, and '' for queues that nobody names."""
    rules = {"": wanted.wishes.elsewhere[0]} if wanted.wishes.elsewhere else {}
    rules |= {queue.name: queue.rules for queue in wanted.offering}
    for queue, wish in rules.items():
        found, where = settings_for(conf, queue), queue or "other queues"
        if found is None:
            continue
        key, sound = found.get("textback_key"), found.get("textback_prompt")
        if key != wish.key:
            yield _wrong(wanted, "key", found, queue, f"{where}: the dialplan listens to {key or 'no key'}", wish.key)
        elif sound.startswith("textback/offer") and sound != prompt(key) and wish.offer == "redirect":
            says = f"{where}: the dialplan plays {sound}, which tells another key"
            yield _wrong(wanted, "prompt", found, queue, says, prompt(key))
        else:
            yield ok(f"{wanted.pbx.name}/key", f"{where}: the dialplan listens to {key}")


def _wrong(wanted: Wanted, name: str, found: Settings, queue: str, says: str, value: str) -> Finding:
    """A setting that another queue needs as it is gets a condition of its own."""
    check, says = f"{wanted.pbx.name}/key", f"{says}, the practice wants {value}; then reloadxml"
    if len(wanted.wishes.keys) < 2:
        return failed(check, says, (_set(name, value),), *found.place(f"textback_{name}"))
    block = _block(wanted, queue) if queue else (_set(name, value),)
    return failed(check, says, block, f"{DIALPLAN}, in {SETTINGS}, behind its first action" if queue else DIALPLAN)


def _block(wanted: Wanted, queue: str) -> tuple[str, ...]:
    """The condition for one queue, from the file as it would be rendered now."""
    text = wanted.rendered.files[DIALPLAN] if wanted.rendered else ""
    for node in read_tags(text).walk():
        if node.tag == "condition" and node.get("field") == "${textback_queue}" and "never" in node.get("break"):
            lines = [f"  {child.source}" for child in node.of("action")]
            if settings_match(node.get("expression"), queue):
                return node.source, *lines, "</condition>"
    return ()


def settings_match(expression: str, queue: str) -> bool:
    """Whether a condition of ours is about that queue."""
    return expression.replace("\\", "") == f"^{queue}$"


def _set(name: str, value: str) -> str:
    return f'<action application="set" data="textback_{name}={value}"/>'
