"""Asks a FreeSWITCH for what it will tell: its version and clock, modules, queues, profiles, configuration, files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from textback.clock import Clock
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.plan import MOST_CONTEXTS, led_to, may_be_asked
from textback.doctor.freeswitch.profiles import Profile, profiles_of
from textback.doctor.freeswitch.tags import Node, TagError, read_tags
from textback.pbx.esl_session import Session
from textback.pbx.esl_snapshot import Row, queue_rows, rows

#: the configurations that matter here
CONFIGURATIONS = (
    *("acl.conf", "callcenter.conf", "event_socket.conf", "json_cdr.conf", "modules.conf", "sofia.conf", "switch.conf"),
)
#: modules that something of ours needs, in one or the other house
MODULES = (
    *("mod_callcenter", "mod_commands", "mod_dialplan_xml", "mod_dptools", "mod_event_socket", "mod_expr", "mod_fifo"),
    *("mod_json_cdr", "mod_sndfile", "mod_sofia", "mod_tone_stream", "mod_valet_parking"),
)
_VERSION = re.compile(r"(\d+)\.(\d+)\.\S*")
_MICRO = 1_000_000


@dataclass(slots=True)
class Told:
    """What it told; None where it does not say.

    ``skew``: by how many seconds its clock is ahead of ours; ``conf``: its configuration as it would be read now;
    ``files``: whether those that were asked for are there.
    """

    version: tuple[int, int] | None = None
    shown: str = ""
    skew: float | None = None
    variables: dict[str, str] = field(default_factory=dict)
    modules: dict[str, bool] = field(default_factory=dict)
    queues: list[Row] | None = None
    fifos: frozenset[str] = frozenset()
    profiles: list[Profile] | None = None
    channels: list[str] = field(default_factory=list)
    conf: Conf = field(default_factory=Conf)
    files: dict[str, bool] = field(default_factory=dict)


async def ask_itself(session: Session, clock: Clock, told: Told) -> None:
    """What it is, and what it has loaded. Raises ``LinkError``, as all of these."""
    before = clock()
    answer = await session.api("strmicroepoch")
    after = clock()
    if answer.isdecimal():
        told.skew = int(answer) / _MICRO - (before + after) / 2
    told.shown = await session.api("version")
    if version := _VERSION.search(told.shown):
        told.version, told.shown = (int(version[1]), int(version[2])), version[0].partition("-")[0]
    variables = await session.api("global_getvar")
    told.variables = {name: value for name, _, value in (line.partition("=") for line in variables.splitlines())}
    for module in MODULES:
        told.modules[module] = await session.api(f"module_exists {module}") == "true"
    told.channels = [row.get("name", "") for row in rows(await session.api_json("show channels as json"))]


async def ask_queues(session: Session, told: Told) -> None:
    """Those of mod_callcenter, and those of mod_fifo that somebody was in since it started."""
    if told.modules["mod_callcenter"]:
        told.queues = await queue_rows(session, "queue list")
    if told.modules["mod_fifo"]:
        listed = _tags(await session.api("fifo list"))
        told.fifos = frozenset(node.get("name") for node in listed.walk() if node.tag == "fifo")


async def ask_profiles(session: Session, told: Told) -> None:
    """Those that run, each with its context; names that a command cannot hold are left."""
    if not told.modules["mod_sofia"]:
        return
    told.profiles = []
    for profile in profiles_of(_tags(await session.api("sofia xmlstatus"))):
        if not profile.is_gateway and may_be_asked(profile.name):
            report = _tags(await session.api(f"sofia xmlstatus profile {profile.name}"))
            profile = replace(profile, context=_words(report, "context"), dtmf=_words(report, "dtmf-mode"))
        told.profiles.append(profile)


async def ask_configurations(session: Session, told: Told) -> None:
    """What its files say, or its database, as it was read when it was last told to (reloadxml)."""
    for name in CONFIGURATIONS:
        await _ask_xml(session, told, f"configuration configuration name {name}")


async def ask_contexts(session: Session, told: Told, contexts: Sequence[str]) -> None:
    """The contexts and what they lead to."""
    waiting = [name for name in dict.fromkeys(contexts) if may_be_asked(name)]
    asked: set[str] = set()
    while waiting and len(asked) < MOST_CONTEXTS:
        name = waiting.pop(0)
        asked.add(name)
        context = await _ask_xml(session, told, f"dialplan context name {name}")
        if context:
            waiting += [to for to in led_to(context) if to not in asked and to not in waiting]


async def ask_files(session: Session, told: Told, sounds: Sequence[str]) -> None:
    """``sounds``: below its folder of sounds; and what its queues announce."""
    folder = told.variables.get("sounds_dir")
    queues = told.conf.configurations.get("callcenter.conf")
    announced = [one.get("value") for one in queues.walk() if one.get("name") == "announce-sound"] if queues else []
    for path in dict.fromkeys((*(f"{folder}/{sound}" for sound in sounds if folder), *announced)):
        if path.startswith("/") and path.isprintable():
            told.files[path] = await session.api(f"file_exists {path}") == "true"


async def _ask_xml(session: Session, told: Told, what: str) -> Node | None:
    node = next(iter(_tags(await session.api(f"xml_locate {what}")).children), None)
    if node is None:
        return None
    for one in node.walk():  # it is written otherwise in its file, which the PBX does not tell
        one.source, one.line = "", 0
    told.conf.add(node)
    return node


def _tags(text: str) -> Node:
    """What a command answers in tags; nothing where it answers something else."""
    try:
        return read_tags(text)
    except TagError:
        return Node("", {})


def _words(node: Node, tag: str) -> str:
    """The words between the tags of a report."""
    return next((one.text for one in node.walk() if one.tag == tag), "")
