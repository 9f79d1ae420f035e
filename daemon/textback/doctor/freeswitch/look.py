"""What one FreeSWITCH tells over its event socket: asked and heard, never told to do anything."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from textback.clock import Clock
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.plan import MOST_CONTEXTS, led_to, may_be_asked
from textback.doctor.freeswitch.profiles import Profile, profiles_of
from textback.doctor.freeswitch.tags import Node, TagError, read_tags
from textback.pbx.esl import EslSettings
from textback.pbx.esl_event import PlainEvent
from textback.pbx.esl_session import Heard, Session
from textback.pbx.esl_snapshot import Row, queue_rows, rows
from textback.pbx.patience import Patience

PATIENCE = Patience(connect=5.0, answer=10.0)
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


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came in while we listened."""

    channel: str
    context: str


@dataclass(slots=True)
class Look:
    """What was found; None where the PBX does not say.

    ``skew``: by how many seconds its clock is ahead of ours; ``conf``: its configuration as it would be read now;
    ``files``: whether those that were asked for are there; ``arrived``: who called while we listened.
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
    arrived: list[Arrival] = field(default_factory=list)
    keys: int = 0


async def look(
    settings: EslSettings,
    is_of_interest: Callable[[Profile], bool],
    contexts: Sequence[str],
    sounds: Sequence[str],
    listen: float,
    clock: Clock,
    on_listening: Callable[[str], object] = lambda pbx: None,
) -> Look:
    """Log in as the daemon does, and see. ``contexts``: those of the dialplan that matter, with those of the profiles
    that are of interest; ``sounds``: files below its folder of sounds; ``listen``: seconds.

    ``on_listening`` is told when these begin: who calls in from then on counts.
    Raises ``LinkError`` if it cannot connect (``permanent`` is False), or is not let in.
    """
    visit = _Visit(clock)
    session = await Session.connect(settings.host, settings.port, visit.hear, settings.tls, PATIENCE, clock)
    try:
        await session.login(settings.secret)
        await visit.ask(session, is_of_interest, contexts, sounds)
        if listen > 0:
            await session.subscribe()
            on_listening(settings.name)
            await visit.listen(session, listen)
    finally:
        session.close()
    return visit.found


class _Visit:
    def __init__(self, clock: Clock) -> None:
        self.found = Look()
        self._clock = clock
        self._heard_all = asyncio.Event()

    def hear(self, heard: Heard) -> None:
        """An event: who called, and whether a key was pressed."""
        event = PlainEvent(heard[0].body)
        name = event.get("Event-Name")
        if name == "CHANNEL_CREATE" and event.get("Call-Direction") == "inbound":
            self.found.arrived.append(Arrival(event.get("Channel-Name") or "", event.get("Caller-Context") or ""))
        self.found.keys += name == "DTMF"
        if self.found.arrived and self.found.keys:
            self._heard_all.set()

    async def listen(self, session: Session, seconds: float) -> None:
        """Until somebody called and pressed a key, for so long at most."""
        ends = [asyncio.ensure_future(session.closed()), asyncio.ensure_future(self._heard_all.wait())]
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    async def ask(
        self, session: Session, is_of_interest: Callable[[Profile], bool], contexts: Sequence[str], sounds: Sequence[str]
    ) -> None:
        found = self.found
        await self._ask_clock(session)
        found.shown = await session.api("version")
        if version := _VERSION.search(found.shown):
            found.version, found.shown = (int(version[1]), int(version[2])), version[0].partition("-")[0]
        told = await session.api("global_getvar")
        found.variables = dict(_pair(line) for line in told.splitlines() if "=" in line)
        for module in MODULES:
            found.modules[module] = await session.api(f"module_exists {module}") == "true"
        await self._ask_queues(session)
        for name in CONFIGURATIONS:
            await self._ask_xml(session, f"configuration configuration name {name}")
        await self._ask_profiles(session)
        arrivals = [one.context for one in found.profiles or () if is_of_interest(one)]
        await self._ask_contexts(session, [*contexts, *arrivals])
        await self._ask_files(session, sounds)
        found.channels = [row.get("name", "") for row in rows(await session.api_json("show channels as json"))]

    async def _ask_clock(self, session: Session) -> None:
        before = self._clock()
        answer = await session.api("strmicroepoch")
        after = self._clock()
        if answer.isdecimal():
            self.found.skew = int(answer) / _MICRO - (before + after) / 2

    async def _ask_queues(self, session: Session) -> None:
        if self.found.modules["mod_callcenter"]:
            self.found.queues = await queue_rows(session, "queue list")
        if self.found.modules["mod_fifo"]:
            listed = _tags(await session.api("fifo list"))
            self.found.fifos = frozenset(node.get("name") for node in listed.walk() if node.tag == "fifo")

    async def _ask_profiles(self, session: Session) -> None:
        """Those that run, each with its context; names that a command cannot hold are left."""
        if not self.found.modules["mod_sofia"]:
            return
        self.found.profiles = []
        for profile in profiles_of(_tags(await session.api("sofia xmlstatus"))):
            if not profile.is_gateway and may_be_asked(profile.name):
                told = _tags(await session.api(f"sofia xmlstatus profile {profile.name}"))
                profile = replace(profile, context=_told(told, "context"), dtmf=_told(told, "dtmf-mode"))
            self.found.profiles.append(profile)

    async def _ask_contexts(self, session: Session, contexts: Sequence[str]) -> None:
        """The contexts and what they lead to."""
        waiting = [name for name in dict.fromkeys(contexts) if may_be_asked(name)]
        asked: set[str] = set()
        while waiting and len(asked) < MOST_CONTEXTS:
            name = waiting.pop(0)
            asked.add(name)
            context = await self._ask_xml(session, f"dialplan context name {name}")
            if context:
                waiting += [to for to in led_to(context) if to not in asked and to not in waiting]

    async def _ask_xml(self, session: Session, what: str) -> Node | None:
        node = next(iter(_tags(await session.api(f"xml_locate {what}")).children), None)
        if node is not None:
            _forget_source(node)
            self.found.conf.add(node)
        return node

    async def _ask_files(self, session: Session, sounds: Sequence[str]) -> None:
        folder = self.found.variables.get("sounds_dir")
        queues = self.found.conf.configurations.get("callcenter.conf")
        announced = [one.get("value") for one in queues.walk() if one.get("name") == "announce-sound"] if queues else []
        for path in dict.fromkeys((*(f"{folder}/{sound}" for sound in sounds if folder), *announced)):
            if path.startswith("/") and path.isprintable():
                self.found.files[path] = await session.api(f"file_exists {path}") == "true"


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value


def _tags(text: str) -> Node:
    """What a command answers in tags; nothing where it answers something else."""
    try:
        return read_tags(text)
    except TagError:
        return Node("", {})


def _told(node: Node, tag: str) -> str:
    """The words between the tags of a report, which come right behind the first."""
    return next((one.text for one in node.walk() if one.tag == tag), "")


def _forget_source(node: Node) -> None:
    """It is written otherwise in its file, which the PBX does not tell."""
    for one in node.walk():
        one.source, one.line = "", 0


