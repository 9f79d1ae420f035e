"""Builds what tells staff of replies, by the ways that textback.toml has."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping

from textback.book import PracticeBook
from textback.clock import Clock, system_clock
from textback.config import Config, Mail as MailSection
from textback.notices import POLL, Teller, tidy
from textback.notices.mail import Mail, MailServer
from textback.notices.webhook import Webhook
from textback.store.writer import Writer

log = logging.getLogger("textback.notify")


class Tidings:
    """Tells staff until the daemon stops; ``poll``: seconds between two looks for what is due."""

    def __init__(self, config: Config, writer: Writer, clock: Clock, poll: float = POLL) -> None:
        self._writer, self._clock = writer, clock
        carriers = (mail_of(config), webhook_of(config, clock))
        self._tellers = {
            carrier.channel: Teller(
                carrier, writer, PracticeBook(), clock, log, pages=config.http.public_url, poll=poll
            )
            for carrier in carriers
            if carrier is not None
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Tell, and tidy up."""
        async with asyncio.TaskGroup() as tasks:
            for teller in self._tellers.values():
                tasks.create_task(teller.run(stop))
            tasks.create_task(tidy(self._writer, self._clock, log, stop))

    @property
    def trouble(self) -> Mapping[str, str]:
        """Why somebody is not told now, in words, by how and whom."""
        return {
            f"{channel} of {practice}" if practice else f"{channel}": why
            for channel, teller in self._tellers.items()
            for practice, why in teller.trouble.items()
        }


def mail_of(config: Config) -> Mail | None:
    """What sends e-mail; None where textback.toml has no [mail]. Raises ``OSError`` for certificates it cannot read."""
    return None if config.mail is None else Mail(server_of(config.mail))


def server_of(mail: MailSection) -> MailServer:
    """The mail server, as the configuration has it."""
    return MailServer(
        host=mail.host,
        port=mail.port,
        sender=mail.sender,
        tls=mail.tls,
        username=mail.username,
        password=mail.password.get_secret_value() if mail.password else None,
        context=ssl.create_default_context(cafile=mail.tls_ca),
        timeout=mail.timeout,
    )


def webhook_of(config: Config, clock: Clock = system_clock) -> Webhook | None:
    """What posts to webhooks; None where textback.toml has no key to sign with."""
    notify = config.notify
    if notify.signing_key is None:
        return None
    key = notify.signing_key.get_secret_value()
    return Webhook(key, clock, allowed=notify.allow_private, timeout=notify.timeout)
