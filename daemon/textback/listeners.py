"""Builds what others reach the daemon by: the posts of the provider, or our asking for them, and the hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial

from starlette.applications import Starlette

from sqlalchemy import Connection

from textback.book import PracticeBook
from textback.clock import Clock
from textback.complaints import Complaints
from textback.config import Address, Config
from textback.desk import HookDesk, Known
from textback.errands import Errands
from textback.hooks.agi import Agi
from textback.hooks.esl import Esl
from textback.hooks.server import HookServer
from textback.inbox import Inbox
from textback.intake import Intake
from textback.lookups import Lookups
from textback.measures import Measures
from textback.pbx.link import Link
from textback.polling import Polling
from textback.reception import Reception
from textback.sms import Provider, SendError
from textback.store import practices, tiles
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.until import Work
from textback.web.durable import Durable
from textback.web.lines import Lines
from textback.web.trigger import Flows, TriggerWebhook
from textback.web.twilio import TwilioWebhooks
from textback.web.webhooks import webhooks

#: Seconds between two fetches where the provider posts what it has: only what got lost on the way is found then.
RECONCILE = 600.0
#: Seconds between two looks for posts that were kept for long enough.
PRUNE = 6 * 3600.0

#: Seconds between two looks for conversations that were put off until now.
WAKE = 15.0

#: Seconds between two looks whether this daemon is the one that does what is enough to be done once.
ON_DUTY = 0.25

_sms, _web = (logging.getLogger(f"textback.{room}") for room in ("sms", "web"))


class Replies:
    """What takes in replies, delivery states and what starts a flow, as ``[sms]`` and ``[webhooks]`` say.

    ``is_on_duty``: whether this daemon, of several, is the one that fetches and looks up.
    """

    def __init__(
        self,
        config: Config,
        writer: Writer,
        provider: Provider,
        on_work: Callable[[], None],
        pause: Callable[[SendError, str], None],
        clock: Clock,
        measures: Measures,
        is_on_duty: Callable[[], bool],
    ) -> None:
        self._is_on_duty = is_on_duty
        self._config, self._writer, self._provider, self._clock = config, writer, provider, clock
        inbox = Inbox(PracticeBook(), provider.name)
        self._reception = Reception(writer, inbox, provider.name, clock, on_work, pause, measures=measures)

    @property
    def works(self) -> list[Work]:
        """What runs until its event is set."""
        sms, writer, reception, provider, clock = (
            self._config.sms, self._writer, self._reception, self._provider, self._clock
        )  # fmt: skip
        every = sms.poll if sms.inbound == "poll" else RECONCILE
        lines = partial(_lines, self._is_on_duty)
        fetching = Polling(writer, reception, provider, clock, lines, every, _sms)
        works: list[Work] = [partial(_once, self._is_on_duty, fetching.run)]
        works.append(lambda stop: _prune(reception, self._config.retention.raw, stop))
        works.append(lambda stop: _wake(writer, clock, stop))
        if sms.twilio is not None and sms.twilio.lookup:
            works.append(Lookups(writer, provider, clock, _sms, is_ours=self._is_on_duty).run)
        return works

    def app(self, config: Config, flows: Flows) -> Starlette | None:
        """What others post to; None where nobody may."""
        settings, twilio = config.webhooks, config.sms.twilio
        if settings is None:
            return None
        complaints = Complaints(_web, self._clock)
        durable = Durable(complaints, _web)
        posts = TwilioWebhooks(
            self._reception,
            Lines(self._writer, PracticeBook(), _web),
            durable,
            complaints,
            token=twilio.auth_token.get_secret_value() if twilio else None,
            public_url=settings.public_url,
            answers_stop=twilio.answers_stop if twilio else True,
        )
        return webhooks(posts.routes(), TriggerWebhook(flows, durable, complaints, self._clock).routes())


def hooks(
    config: Config,
    links: Mapping[str, Link],
    errands: Errands,
    intake: Intake,
    reader: Reader,
    clock: Clock,
) -> dict[str, tuple[Address, HookServer]]:
    """What answers to dialplans, each kind of PBX by its own protocol, and where; not opened yet."""
    found: dict[str, tuple[Address, HookServer]] = {}
    for kind, settings, server in (("asterisk", config.agi, Agi), ("freeswitch", config.esl, Esl)):
        if settings is None:
            continue
        ours = [pbx for pbx in config.pbx if pbx.kind == kind]
        pbxes = [Known(pbx.name, pbx.language, _is_up(links, pbx.name), pbx.trunks) for pbx in ours]
        desk = HookDesk(pbxes, errands, intake, reader, clock)
        found[server.section] = settings.listen, server(desk, settings.allow)
    return found


def _is_up(links: Mapping[str, Link], name: str) -> Callable[[], bool]:
    """By name, since another link may follow the same PBX later."""
    return lambda: name in links and links[name].is_up


async def _once(is_on_duty: Callable[[], bool], work: Work, stop: asyncio.Event) -> None:
    """Begin when this daemon is on duty for the first time."""
    while not stop.is_set() and not is_on_duty():
        await _pause(stop, ON_DUTY)
    await work(stop)


def _lines(is_on_duty: Callable[[], bool], conn: Connection) -> Collection[str]:
    """The lines whose texts this daemon fetches."""
    return practices.numbers(conn) if is_on_duty() else ()


async def _prune(reception: Reception, kept: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await reception.prune(kept)
        await _pause(stop, PRUNE)


async def _wake(writer: Writer, clock: Clock, stop: asyncio.Event) -> None:
    """Put tiles back into the inbox whose time has come."""
    while not stop.is_set():
        now = clock()
        await writer.run(lambda conn: tiles.wake_due(conn, now))
        await _pause(stop, WAKE)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
