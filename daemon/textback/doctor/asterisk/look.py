"""What one Asterisk tells the daemon's own user over AMI: asked and heard, never told to do anything."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from textback.clock import Clock
from textback.doctor.asterisk.asking import listed, plan_from
from textback.doctor.asterisk.manager_conf import classes
from textback.doctor.asterisk.plan import Plan
from textback.pbx.ami import AmiSettings
from textback.pbx.ami_session import Session
from textback.pbx.patience import Patience
from textback.pbx.wire import Blocks, Headers, header_pairs

PATIENCE = Patience(connect=5.0, answer=10.0)
#: the classes of events that the daemon needs
NEEDED = frozenset({"system", "call", "agent", "dtmf", "dialplan"})
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(slots=True)
class Look:
    """What was found; None where the user may not ask, or the PBX does not say.

    ``skew``: by how many seconds the PBX's clock is ahead of ours; ``actions``: what the user may do;
    ``heard``: the classes of the events that came; ``missed``: classes of which something happened that was not told;
    ``presentation``: whether channels tell if the number is hidden; ``read``: what the PBX says of the user itself.
    """

    banner: str = ""
    booted: bool = False
    version: tuple[int, int] | None = None
    skew: float | None = None
    actions: frozenset[str] = frozenset()
    queues: frozenset[str] | None = None
    channels: list[str] | None = None
    endpoints: list[str] | None = None
    plan: Plan | None = None
    heard: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    presentation: bool | None = None
    read: frozenset[str] | None = None
    local_address: str = ""


async def look(
    settings: AmiSettings,
    contexts: Sequence[str],
    listen: float,
    clock: Clock,
    on_listening: Callable[[str], object] = lambda pbx: None,
) -> Look:
    """Log in as the daemon does, and see. ``contexts``: those of the dialplan that matter; ``listen``: seconds.

    ``on_listening`` is told when these begin: who calls in from then on counts.
    Raises ``LinkError`` if it cannot connect (``permanent`` is False), or is not let in.
    """
    visit = _Visit(settings, clock, on_listening)
    session = await Session.connect(settings.host, settings.port, visit.take, settings.tls, PATIENCE)
    try:
        visit.found.local_address = session.local_address
        await session.login(settings.username, settings.secret)
        await visit.ask(session, contexts, listen)
    finally:
        session.close()
    return visit.found


class _Visit:
    def __init__(self, settings: AmiSettings, clock: Clock, on_listening: Callable[[str], object]) -> None:
        self._on_listening = on_listening
        self.found = Look()
        self._settings = settings
        self._clock = clock
        self._blocks = Blocks()
        self._events: set[tuple[str, str]] = set()
        self._heard_all = asyncio.Event()

    def take(self, session: Session, data: bytes) -> None:
        """What came; an event is only counted, as a caller may have written half of it."""
        for block in self._blocks.feed(data):
            if block.startswith(b"Asterisk Call Manager/"):
                banner, _, block = block.partition(b"\r\n")
                self.found.banner = banner.decode("ascii", "replace").rpartition("/")[2]
            pairs = header_pairs(block)
            headers = dict(reversed(pairs))
            if "ActionID" in headers:
                session.answer(block)
                if headers.get("Event") == "CoreShowChannel":
                    self._presentation(headers, pairs)
            elif "Event" in headers:
                self._event(headers, pairs)

    def _event(self, headers: Headers, pairs: list[tuple[str, str]]) -> None:
        self.found.booted |= headers["Event"] == "FullyBooted"
        self.found.heard |= set(headers.get("Privilege", "").split(",")) - {"all", ""}
        self._events.add((headers["Event"], headers.get("Uniqueid", "")))
        self._presentation(headers, pairs)
        if self.found.heard >= NEEDED and self.found.presentation is not None:
            self._heard_all.set()

    def _presentation(self, headers: Headers, pairs: list[tuple[str, str]]) -> None:
        if "Channel" in headers and "Linkedid" in headers:
            told = any(name == "ChanVariable" and value.startswith("CALLERID(pres)=") for name, value in pairs)
            self.found.presentation = told or bool(self.found.presentation)

    async def ask(self, session: Session, contexts: Sequence[str], listen: float) -> None:
        found = self.found
        found.actions = frozenset(name for name, _ in await session.ask_whole({"Action": "ListCommands"}))
        await self._ask_clock(session)
        core = dict(await session.ask_whole({"Action": "CoreSettings"}))
        if version := _VERSION.search(core.get("AsteriskVersion", "")):
            found.version = int(version[1]), int(version[2])
        found.endpoints = await self._names(session, "PJSIPShowEndpoints", "ObjectName")
        queues = await self._names(session, "QueueStatus", "Queue")
        found.queues = None if queues is None else frozenset(queues)
        if "ShowDialPlan" in found.actions:
            found.plan = await plan_from(session, contexts)
        await self._ask_rights(session)
        before = await self._present(session)
        if listen > 0:
            self._on_listening(self._settings.name)
            await self._listen(session, listen)
        self._compare(before, await self._present(session))

    async def _listen(self, session: Session, seconds: float) -> None:
        """Until every class was heard, for so long at most."""
        ends = [asyncio.ensure_future(session.closed()), asyncio.ensure_future(self._heard_all.wait())]
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    async def _ask_clock(self, session: Session) -> None:
        before = self._clock()
        answer = dict(await session.ask_whole({"Action": "Ping"}))
        after = self._clock()
        try:
            self.found.skew = float(answer.get("Timestamp", "")) - (before + after) / 2
        except ValueError:
            return

    async def _names(self, session: Session, action: str, header: str) -> list[str] | None:
        if action not in self.found.actions:
            return None
        rows = await listed(session, {"Action": action})
        return None if rows is None else sorted({row[header] for row in rows if header in row})

    async def _ask_rights(self, session: Session) -> None:
        """What the PBX says of our user, where it may run commands (which it need not)."""
        if "Command" not in self.found.actions:
            return
        command = f"manager show user {self._settings.username}"
        answer = await session.ask_whole({"Action": "Command", "Command": command})
        for name, line in answer:
            label, _, value = line.partition(":")
            if name == "Output" and label.strip() == "read perm":
                self.found.read = classes(value)

    async def _present(self, session: Session) -> dict[str, set[str]]:
        """Who is there now, by the class of the event that told of their coming: the Uniqueids."""
        channels, waiting = None, await listed(session, {"Action": "QueueStatus"})
        if "CoreShowChannels" in self.found.actions:
            channels = await listed(session, {"Action": "CoreShowChannels"})
        if channels is not None:
            self.found.channels = [row["Channel"] for row in channels if "Channel" in row]
        return {
            "call": {row["Uniqueid"] for row in channels or () if "Uniqueid" in row},
            "agent": {row["Uniqueid"] for row in waiting or () if row.get("Event") == "QueueEntry"},
        }

    def _compare(self, before: dict[str, set[str]], after: dict[str, set[str]]) -> None:
        """Who came since we listen, and was not told of: their class of events does not reach us."""
        for kind, event in (("call", "Newchannel"), ("agent", "QueueCallerJoin")):
            came = after[kind] - before[kind]
            if any((event, uniqueid) not in self._events for uniqueid in came):
                self.found.missed.add(kind)
