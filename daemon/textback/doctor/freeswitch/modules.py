"""Whether the modules are loaded that what is configured needs, and will be after the next start."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.finding import SHELL, Finding, failed, ok, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.plan import every_step
from textback.doctor.freeswitch.wanted import Wanted
from textback.pbx.esl_actions import CONTEXT
from textback.pbx.records.record_table import is_url

_MODULES = "modules.conf"
_UNWRITTEN = "what ends while textback is not running is not written down"
_WITHOUT = {
    "mod_callcenter": "there are no queues",
    "mod_commands": "the daemon cannot ask for anything",
    "mod_dialplan_xml": "no dialplan is followed",
    "mod_dptools": "no dialplan can do anything",
    "mod_event_socket": "neither the link nor a hook works",
    "mod_expr": "who comes back from an offer is the last in the queue (textback_score=queue)",
    "mod_fifo": "there are no fifos",
    "mod_json_cdr": _UNWRITTEN,
    "mod_sndfile": "no prompt is played, as no file is",
    "mod_sofia": "there are no calls over SIP",
    "mod_tone_stream": "tones and silence of your dialplan are not played (tone_stream://, silence_stream://)",
    "mod_valet_parking": "nobody is parked",
    "mod_xml_cdr": _UNWRITTEN,
}


def examine_modules(wanted: Wanted, conf: Conf, look: Look | None) -> Iterator[Finding]:
    """``look``: what is loaded; without it, what the files load at the next start."""
    check, needed = f"{wanted.pbx.name}/modules", _needed(wanted, conf, look)
    modules = conf.configurations.get(_MODULES)
    loads = {one.get("module").rpartition("/")[2] for one in modules.walk() if one.tag == "load"} if modules else None
    faults = 0
    for name in needed:
        is_there = look.modules.get(name) if look else None
        is_written = None if loads is None else name in loads
        if is_there or (is_there is None and is_written is not False):
            if is_there and is_written is False and name != "mod_event_socket":
                faults += 1
                says = f"{name} is loaded, but modules.conf.xml does not load it: after the next start it is gone"
                yield warning(check, says, _line(name), _file(conf))
            continue
        faults += 1
        yield _missing(check, conf, name, is_written, is_there)
    if not faults and (look or loads is not None):
        yield ok(check, f"{', '.join(needed)}: all of them are there")


def _missing(check: str, conf: Conf, name: str, is_written: bool | None, is_there: bool | None) -> Finding:
    says = f"{name} is not loaded: {_WITHOUT[name]}"
    if is_written:
        return failed(check, says, (f'fs_cli -x "load {name}"',), SHELL)
    if is_there is False:
        says += f'; after this, now: fs_cli -x "load {name}"'
    return failed(check, says, _line(name), _file(conf))


def _line(name: str) -> tuple[str, ...]:
    return (f'<load module="{name}"/>',)


def _file(conf: Conf) -> str:
    return f"{conf.file_of(_MODULES)}, last in <modules>"


def _is_tone(data: str) -> bool:
    return "tone_stream://" in data or "silence_stream://" in data


def _needed(wanted: Wanted, conf: Conf, look: Look | None) -> list[str]:
    """In the order in which they are best loaded."""
    needed = ["mod_event_socket", "mod_commands", "mod_dialplan_xml", "mod_dptools"]
    if any(pattern.startswith("sofia/") for pattern in wanted.pbx.trunks):
        needed.append("mod_sofia")
    steps = list(every_step(conf.contexts))
    applications = {step.application for step in steps if step.context != CONTEXT}
    fifos = look.fifos if look else frozenset[str]()
    if "callcenter" in applications or any(queue.name not in fifos for queue in wanted.wishes.queues):
        needed.append("mod_callcenter")
    needed += [f"mod_{name}" for name in ("fifo",) if "fifo" in applications]
    needed += ["mod_valet_parking"] if "valet_park" in applications else []
    needed += ["mod_tone_stream"] if any(_is_tone(step.data) for step in steps if step.context != CONTEXT) else []
    if wanted.is_offering:
        needed.append("mod_sndfile")
        needed += ["mod_expr"] if any(step.assigns == ("textback_score", "queue") for step in steps) else []
    return needed + ([_writer(wanted.pbx.cdr)] if wanted.pbx.cdr else [])


def _writer(cdr: str) -> str:
    return "mod_xml_cdr" if is_url(cdr) else "mod_json_cdr"
