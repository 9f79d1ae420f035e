"""Whether textback's own part of the dialplan is there, asks at the right address and listens to the right keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textback.dialplans import EXTENSIONS as OURS
from textback.doctor.asterisk.etc import EXTENSIONS, Etc, place
from textback.doctor.asterisk.plan import Plan, Step, steps_at
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import Finding, failed, ok, skipped, warning
from textback.pbx import dialplan

_BASIC = ("textback-settings", "textback-hook", "textback-place", "textback-back", "textback-queue", dialplan.CONFIRM)
_FOR = {"redirect": dialplan.OFFER, "whisper": dialplan.WHISPER}
_SET = re.compile(r"(TEXTBACK_AGI(?:_2)?)=(.*)")
KEYS = "textback-keys"


def contexts(wanted: Wanted) -> list[str]:
    """The contexts of ours that are needed."""
    if not wanted.is_offering:
        return []
    own = [f"textback-keys-{word}" for word in ("star", "pound", *"0123456789")] if len(wanted.wishes.keys) > 1 else []
    return [KEYS, *_BASIC, *(_FOR[offer] for offer in sorted(wanted.wishes.offers) if offer in _FOR), *own]


def examine_hooks(wanted: Wanted, etc: Etc | None, plan: Plan | None) -> Iterator[Finding]:
    """The contexts, their settings and their keys, where call_to_text is on."""
    check = f"{wanted.pbx.name}/dialplan"
    if reason := wanted.without_dialplan(check):
        yield reason
        return
    if plan is None:
        yield skipped(check, "the dialplan was not looked into: write=reporting or --asterisk-etc FOLDER lets me")
        return
    missing = [name for name in contexts(wanted) if name not in plan and not name.startswith("textback-keys-")]
    if missing and not _is_written(etc, missing):  # else it only has to be reloaded, which is said already
        says = (
            f"the dialplan has no [{'], ['.join(missing)}]: a key that is pressed on hold comes to nothing."
            f" `textback dialplan show --output FOLDER` writes {OURS} for you"
        )
        yield failed(check, says, (f'#include "{OURS}"',), place(etc, EXTENSIONS))
    if missing:
        return
    yield ok(check, "textback's contexts are in the dialplan")
    yield from _address(wanted, plan)
    yield from _keys(wanted, plan)


def _is_written(etc: Etc | None, names: list[str]) -> bool:
    conf = etc.get(EXTENSIONS) if etc else None
    return conf is not None and set(names) <= set(conf.sections)


def _address(wanted: Wanted, plan: Plan) -> Iterator[Finding]:
    check, expected = f"{wanted.pbx.name}/agi", wanted.way.hooks if wanted.way else ""
    if not wanted.has_hooks:
        lines = ("[agi]", f'listen = "{expected.removeprefix("agi://")}"')
        yield failed(check, "the dialplan asks for hooks, and textback.toml has no [agi]", lines, "textback.toml")
        return
    found = {name: (value, step) for step in plan["textback-settings"].steps for name, value in _settings(step)}
    value, step = found.get("TEXTBACK_AGI", ("", None))
    second = found.get("TEXTBACK_AGI_2", ("", None))[0]
    if expected in (value, second):
        yield ok(check, f"the dialplan asks for hooks at {expected}")
    else:
        line = f"exten => s,1,Set(TEXTBACK_AGI={expected})"
        says = f"the dialplan asks for hooks at {value or 'no address'}, and we listen at {expected}"
        yield failed(check, says, (line,), step.file if step and step.entry else OURS, (step.written,) if step else ())
    for remark in wanted.way.remarks if wanted.way else ():
        yield warning(check, remark)


def _settings(step: Step) -> Iterator[tuple[str, str]]:
    found = _SET.fullmatch(step.data.strip()) if step.app.lower() == "set" else None
    if found:
        yield found[1], found[2].strip()


def _keys(wanted: Wanted, plan: Plan) -> Iterator[Finding]:
    check = f"{wanted.pbx.name}/key"
    there = {step.exten for step in plan[KEYS].steps} - {"h"}
    for key in wanted.wishes.keys:
        if steps_at(plan, KEYS, key):
            yield ok(check, f"[{KEYS}] listens to {key}")
            continue
        says = f"practices want the key {key}, [{KEYS}] listens to {', '.join(sorted(there)) or 'none'}"
        yield failed(check, says, (f"[{KEYS}]", *_block(wanted, key)), place_of(plan) or OURS)


def place_of(plan: Plan) -> str | None:
    """The file in which our contexts stand, where files were read."""
    return next((step.entry.file for step in plan[KEYS].steps if step.entry), None)


def _block(wanted: Wanted, key: str) -> list[str]:
    """The lines of one key, from the file as it would be rendered now."""
    text = wanted.rendered.files[OURS] if wanted.rendered else ""
    lines = text[text.index(f"[{KEYS}]\n") :].splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"exten => {key},1,"))
    end = next(number for number in range(at + 1, len(lines) + 1) if not lines[number].startswith(" same"))
    return lines[at:end]
