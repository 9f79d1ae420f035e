"""Follows the PBXes that the configuration names, each by a link that comes and goes alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection

from textback.call import Phase
from textback.clock import Clock
from textback.config import Pbx
from textback.events import Fact, PbxLeft
from textback.intake import Intake, NotHeld
from textback.ledger import from_row
from textback.pbx import ami_facts, esl_facts
from textback.pbx.ami import AmiLink, AmiSettings
from textback.pbx.esl import EslLink, EslSettings
from textback.pbx.esl_tls import tls_context
from textback.pbx.link import Link
from textback.pbx.patience import Patience
from textback.pbx.picture import NOTHING
from textback.pbx.recording import Translator
from textback.pbx.records import Records
from textback.pbx.records.kinds import records_of
from textback.pbx.sight import LastSeen
from textback.pbx.tls import Tls, system_tls
from textback.rota import Rota
from textback.store import calls, leases
from textback.store import links as seen
from textback.store.writer import Writer
from textback.tracker import Tracker

#: who was on the line when a PBX was last followed, and until when that was
Before = tuple[Mapping[str, LastSeen], float | None]

#: Seconds between two looks whether what a PBX that is left has left behind is decided.
LOOK = 0.25


class Following:
    """The links, in ``links`` by name; what they need runs in ``tasks``."""

    def __init__(
        self,
        links: dict[str, Link],
        tracker: Tracker,
        intake: Intake,
        rota: Rota,
        writer: Writer,
        clock: Clock,
        patience: Patience,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._links, self._tracker, self._intake, self._rota, self._writer = links, tracker, intake, rota, writer
        self._clock, self._patience, self._tasks = clock, patience, tasks
        self._followed: dict[str, _Followed] = {}
        #: what is on its way out, by the name of its PBX
        self._leaving: dict[str, asyncio.Task[None]] = {}

    def made(self, pbx: Pbx) -> Link:
        """A link that has not begun."""
        return link_of(pbx, self._intake.hear, self._clock, self._patience)

    def begin(self, name: str, link: Link) -> None:
        """Follow a PBX, once it is known what is stored of it."""
        self._follow(name, link, self._tasks.create_task(self._known(name, self._leaving.get(name))))

    def change(self, name: str, link: Link) -> None:
        """Reach it in another way: the link starts anew, and looks after whom the one before saw."""
        self._follow(name, link, self._tasks.create_task(self._followed[name].let_go()))

    def leave(self, name: str) -> None:
        """Follow it no more, and leave its calls to whoever does, but for those that are about to be decided."""
        del self._links[name]
        self._rota.let_go(name)
        self._leaving[name] = self._tasks.create_task(self._leave(name, self._followed.pop(name)))

    def tell(self) -> None:
        """Follow none any more; does not wait."""
        for followed in self._followed.values():
            followed.cancel()
        for task in self._leaving.values():
            task.cancel()

    async def ended(self) -> None:
        """Wait until no link gives facts any more."""
        if links := [followed.task for followed in self._followed.values()]:
            await asyncio.wait(links)

    def _follow(self, name: str, link: Link, before: asyncio.Task[Before]) -> None:
        self._links[name] = link
        self._followed[name] = _Followed(link, before, self._tasks)

    async def _leave(self, name: str, followed: _Followed) -> None:
        await followed.let_go()
        if name in self._followed:
            return  # it is followed again by now, and its calls were never let go
        self._rota.let_go(name)  # once more: it may have begun to be followed only after it was left
        with suppress(NotHeld):
            await self._intake.ask(PbxLeft("", self._clock(), name))
        while name in self._intake.held:
            if name in self._followed or not self._tracker.settling(name):
                self._intake.give_up(name)
            await asyncio.sleep(LOOK)
        self._rota.is_gone(name)

    async def _known(self, pbx: str, leaving: asyncio.Task[None] | None) -> Before:
        if leaving is not None:
            await asyncio.wait({leaving})
        before = await self._writer.run(partial(self._take_in, pbx=pbx))
        self._rota.follow(pbx)
        return before

    def _take_in(self, connection: Connection, pbx: str) -> Before:
        leases.ensure(connection, [pbx])
        self._tracker.follow(pbx)
        return known_calls(connection, pbx), seen.seen_at(connection, pbx)


class _Followed:
    """A link that runs as soon as it is known what was ``before``."""

    def __init__(self, link: Link, before: asyncio.Task[Before], tasks: asyncio.TaskGroup) -> None:
        self._link, self._before, self._has_begun = link, before, False
        #: it runs until nothing is heard any more
        self.task = tasks.create_task(self._run())

    async def _run(self) -> None:
        before = await asyncio.shield(self._before)
        self._has_begun = True
        await self._link.run(*before)

    async def let_go(self) -> Before:
        """Cancel it; gives what the next link to the same PBX has to know."""
        self.task.cancel()
        await asyncio.wait({self.task})
        return self._link.left_off() if self._has_begun else await self._before

    def cancel(self) -> None:
        """End it; the daemon ends."""
        self._before.cancel()
        self.task.cancel()


def link_of(pbx: Pbx, emit: Callable[[Fact], None], clock: Clock, patience: Patience) -> Link:
    """The link to a PBX, not begun yet."""
    if pbx.kind == "asterisk":
        return AmiLink(ami_settings(pbx), emit, clock, patience=patience)
    return EslLink(esl_settings(pbx), emit, clock, patience=patience)


def ami_settings(pbx: Pbx) -> AmiSettings:
    """How to reach an Asterisk, and what of it matters."""
    return AmiSettings(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        secret=pbx.secret.get_secret_value(),
        trunks=tuple(pbx.trunks),
        contexts=tuple(pbx.inbound_contexts),
        language=pbx.language,
        records=_records(pbx),
        username=pbx.username or "",
        tls=Tls(pbx.tls_ca, system_tls) if pbx.tls else None,
    )


def esl_settings(pbx: Pbx) -> EslSettings:
    """How to reach a FreeSWITCH, and what of it matters."""
    return EslSettings(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        secret=pbx.secret.get_secret_value(),
        trunks=tuple(pbx.trunks),
        contexts=tuple(pbx.inbound_contexts),
        language=pbx.language,
        records=_records(pbx),
        tls=Tls(pbx.tls_ca, tls_context) if pbx.tls else None,
    )


def translator_of(pbx: Pbx) -> Translator:
    """What makes facts of the events of a PBX."""
    kind = ami_facts.Translator if pbx.kind == "asterisk" else esl_facts.Translator
    return kind(pbx.name, pbx.trunks, pbx.inbound_contexts, pbx.language)


def known_calls(connection: Connection, pbx: str) -> dict[str, LastSeen]:
    """The callers who are on the line, as far as is stored; only of who was in a menu is it known what was true."""
    found = [from_row(row).call for row in calls.unsettled(connection, pbx)]
    return {
        call.id.partition("/")[2]: LastSeen(situation=NOTHING if call.phase is Phase.MENU else None)
        for call in found
        if call.phase is not Phase.ENDED
    }


def _records(pbx: Pbx) -> Records | None:
    return records_of(
        pbx.kind, pbx.name, pbx.trunks, pbx.inbound_contexts, pbx.language, pbx.queue_log, pbx.cdr
    )
