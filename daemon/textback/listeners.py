"""Builds what others reach the daemon by: the posts of the provider, or our asking for them, and the hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

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
from textback.listen import ListenError
from textback.lookups import Lookups
from textback.measures import Measures
from textback.outbox import Outbox
from textback.pbx.link import Link
from textback.polling import Polling
from textback.reception import Reception
from textback.sms import Provider
from textback.store import practices, tiles
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.web.durable import Durable
from textback.web.lines import Lines
from textback.web.server import serve
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

#: host and port of each listener that is open, by the name of its table in textback.toml
Listening = dict[str, tuple[str, int]]
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

_sms, _web, _hooks = (logging.getLogger(f"textback.{room}") for room in ("sms", "web", "hooks"))


def replies(
    config: Config,
    writer: Writer,
    provider: Provider,
    outbox: Outbox,
    flows: Flows,
    clock: Clock,
    listening: Listening,
    measures: Measures,
    is_on_duty: Callable[[], bool] = lambda: True,
) -> list[Work]:
    """What takes in replies, delivery states and what starts a flow; each runs until its event is set.

    ``is_on_duty``: whether this daemon, of several, is the one that fetches and looks up.
    """
    inbox = Inbox(PracticeBook(), provider.name)
    reception = Reception(writer, inbox, provider.name, clock, outbox.nudge, outbox.pause, measures=measures)
    every = config.sms.poll if config.sms.inbound == "poll" else RECONCILE
    fetching = Polling(writer, reception, provider, clock, partial(_lines, is_on_duty), every, _sms)
    works: list[Work] = [partial(_once, is_on_duty, fetching.run)]
    works.append(lambda stop: _prune(reception, config.retention.raw, stop))
    works.append(lambda stop: _wake(writer, clock, stop))
    twilio = config.sms.twilio
    if twilio is not None and twilio.lookup:
        works.append(Lookups(writer, provider, clock, _sms, is_ours=is_on_duty).run)
    if config.webhooks is not None:
        works.append(_webhooks(config, writer, reception, flows, clock, listening))
    return works


async def _once(is_on_duty: Callable[[], bool], work: Work, stop: asyncio.Event) -> None:
    """Begin when this daemon is on duty for the first time."""
    while not stop.is_set() and not is_on_duty():
        await _pause(stop, ON_DUTY)
    await work(stop)


def _lines(is_on_duty: Callable[[], bool], conn: Connection) -> Collection[str]:
    """The lines whose texts this daemon fetches."""
    return practices.numbers(conn) if is_on_duty() else ()


def _webhooks(
    config: Config, writer: Writer, reception: Reception, flows: Flows, clock: Clock, listening: Listening
) -> Work:
    assert config.webhooks is not None
    address, twilio = config.webhooks.listen, config.sms.twilio
    complaints = Complaints(_web, clock)
    durable = Durable(complaints, _web)
    posts = TwilioWebhooks(
        reception,
        Lines(writer, PracticeBook(), _web),
        durable,
        complaints,
        token=twilio.auth_token.get_secret_value() if twilio else None,
        public_url=config.webhooks.public_url,
        answers_stop=twilio.answers_stop if twilio else True,
    )
    app = webhooks(posts.routes(), TriggerWebhook(flows, durable, complaints, clock).routes())
    heard = partial(listening.__setitem__, "webhooks")

    async def work(stop: asyncio.Event) -> None:
        try:
            await serve(app, address, stop, _web, on_listening=heard)
        except ListenError as error:
            raise ListenError(f"[webhooks] listen: {error}") from None

    return work


def hooks(
    config: Config,
    links: Mapping[str, Link],
    errands: Errands,
    intake: Intake,
    reader: Reader,
    clock: Clock,
    listening: Listening,
    servers: list[HookServer],
) -> list[Work]:
    """What answers to dialplans, each kind of PBX by its own protocol; ``servers``: where they are put."""
    works = []
    for kind, settings, server in (("asterisk", config.agi, Agi), ("freeswitch", config.esl, Esl)):
        if settings is None:
            continue
        names = [pbx.name for pbx in config.pbx if pbx.kind == kind and pbx.name in links]
        pbxes = [Known(name, links[name].language, _is_up(links[name])) for name in names]
        desk = HookDesk(pbxes, errands, intake, reader, clock)
        servers.append(server(desk, settings.allow))
        works.append(_answering(servers[-1], settings.listen, listening))
    return works


def _answering(server: HookServer, address: Address, listening: Listening) -> Work:
    async def work(stop: asyncio.Event) -> None:
        await server.listen(*address)
        listening[server.section] = (address.host, server.port)
        _hooks.info("listening on %s://%s:%d", server.section, address.host, server.port)
        await server.run(stop)

    return work


def _is_up(link: Link) -> Callable[[], bool]:
    return lambda: link.is_up


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
