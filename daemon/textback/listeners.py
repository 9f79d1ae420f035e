"""Builds what others reach the daemon by: the posts of the provider, or our asking for them, and the hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from textback.book import PracticeBook
from textback.clock import Clock
from textback.complaints import Complaints
from textback.config import Agi as AgiSettings, Config
from textback.desk import HookDesk, Known
from textback.hooks.agi import Agi
from textback.inbox import Inbox
from textback.intake import Intake
from textback.listen import ListenError
from textback.lookups import Lookups
from textback.outbox import Outbox
from textback.pbx.ami import AmiLink
from textback.passwords import Passwords
from textback.polling import Polling
from textback.reception import Reception
from textback.sms import Provider
from textback.store import keys, practices
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.tracker import Tracker
from textback.web.access import Access
from textback.web.durable import Durable
from textback.web.lines import Lines
from textback.web.pages.live import Live
from textback.web.pages.office import Office
from textback.web.pages.site import Site
from textback.web.places import Places
from textback.web.server import serve
from textback.web.trigger import Flows, TriggerWebhook
from textback.web.twilio import TwilioWebhooks
from textback.web.webhooks import webhooks

#: Seconds between two fetches where the provider posts what it has: only what got lost on the way is found then.
RECONCILE = 600.0
#: Seconds between two looks for posts that were kept for long enough.
PRUNE = 6 * 3600.0
#: Connections of browsers at once: each open page holds one.
MOST_PAGES = 600

#: host and port of each listener that is open, by the name of its table in textback.toml
Listening = dict[str, tuple[str, int]]
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

_sms, _web, _pages, _hooks = (logging.getLogger(f"textback.{room}") for room in ("sms", "web", "pages", "hooks"))


def replies(
    config: Config,
    writer: Writer,
    provider: Provider,
    outbox: Outbox,
    flows: Flows,
    clock: Clock,
    listening: Listening,
) -> list[Work]:
    """What takes in replies, delivery states and what starts a flow; each runs until its event is set."""
    inbox = Inbox(PracticeBook(), provider.name)
    reception = Reception(writer, inbox, provider.name, clock, outbox.nudge, outbox.pause)
    every = config.sms.poll if config.sms.inbound == "poll" else RECONCILE
    works: list[Work] = [Polling(writer, reception, provider, clock, practices.numbers, every, _sms).run]
    works.append(lambda stop: _prune(reception, stop))
    twilio = config.sms.twilio
    if twilio is not None and twilio.lookup:
        works.append(Lookups(writer, provider, clock, _sms).run)
    if config.webhooks is not None:
        works.append(_webhooks(config, writer, reception, flows, clock, listening))
    return works


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


async def pages(
    config: Config,
    writer: Writer,
    reader: Reader,
    provider: Provider,
    on_work: Callable[[], None],
    clock: Clock,
    listening: Listening,
) -> list[Work]:
    """What shows the pages to staff, and keeps those that are open up to date."""
    http, complaints = config.http, Complaints(_pages, clock)
    places = Places(http.listen, http.public_url)
    secret = http.secret.get_secret_value() if http.secret else await writer.run(partial(keys.key, name="pages"))
    access = Access(reader, writer, Durable(complaints, _pages), clock, secret, places.is_secure)
    live: Live = Live(access.look)
    writer.on_commit = live.stir
    passwords = Passwords()
    reached = None if config.webhooks is None else config.webhooks.public_url or ""
    office = Office(access, PracticeBook(), provider, live, on_work, reached)
    app = Site(office, places, passwords, complaints).app()
    heard = partial(listening.__setitem__, "http")

    async def work(stop: asyncio.Event) -> None:
        try:
            await serve(app, http.listen, stop, _pages, on_listening=heard, most=MOST_PAGES)
        except ListenError as error:
            raise ListenError(f"[http] listen: {error}") from None
        finally:
            passwords.close()

    return [work, live.run]


def hooks(
    agi: AgiSettings,
    links: Mapping[str, AmiLink],
    tracker: Tracker,
    intake: Intake,
    reader: Reader,
    clock: Clock,
    listening: Listening,
) -> Work:
    """What answers to dialplans."""
    pbxes = [Known(name, link.settings.language, _is_up(link)) for name, link in links.items()]
    server = Agi(HookDesk(pbxes, tracker, intake, reader, clock), agi.allow)

    async def work(stop: asyncio.Event) -> None:
        await server.listen(*agi.listen)
        listening["agi"] = (agi.listen.host, server.port)
        _hooks.info("listening on agi://%s:%d", agi.listen.host, server.port)
        await server.run(stop)

    return work


def _is_up(link: AmiLink) -> Callable[[], bool]:
    return lambda: link.is_up


async def _prune(reception: Reception, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await reception.prune()
        try:
            await asyncio.wait_for(stop.wait(), PRUNE)
        except TimeoutError:
            continue
