"""Whether staff can be told of replies: the mail server takes us, and each webhook can be reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from http import HTTPStatus

from textback.config import Config
from textback.doctor.finding import Finding, failed, ok, warning
from textback.notices.errand import Untold
from textback.notices.webhook import INSIDE, Webhook
from textback.practice import Practice
from textback.tidings import mail_of, webhook_of

_MAIL = ("[mail]", 'host = "smtp.clinic.example"', 'from = "textback@clinic.example"')
_KEY = ("[notify]", 'signing_key_file = "/etc/textback/webhook-key"')
_PAGES = ('public_url = "https://textback.clinic.internal"',)


async def examine_telling(config: Config, practices: Sequence[Practice]) -> AsyncIterator[Finding]:
    """By e-mail and by webhook, where a practice wants it; nobody is told anything."""
    by_email = [practice for practice in practices if practice.notify.email]
    by_webhook = [practice for practice in practices if practice.notify.webhook]
    if by_email or by_webhook:
        for finding in _links(config):
            yield finding
    if by_email:
        yield await _mail(config)
    webhook = webhook_of(config)
    if by_webhook and webhook is None:
        yield failed("webhook", "textback.toml has no key to sign webhooks with", _KEY, "textback.toml")
    for practice in by_webhook if webhook is not None else ():
        assert webhook is not None and practice.notify.webhook
        yield await _webhook(webhook, practice.name, practice.notify.webhook)


def _links(config: Config) -> Iterator[Finding]:
    if config.http.public_url is None:
        says = "what staff are told has no link, as [http] public_url does not say where the pages are"
        yield warning("notify", says, _PAGES, "textback.toml, [http]")


async def _mail(config: Config) -> Finding:
    try:
        mail = mail_of(config)
    except OSError as error:
        return failed("mail", f"the certificates of [mail] tls_ca cannot be read ({type(error).__name__})")
    if mail is None or config.mail is None:
        return failed("mail", "textback.toml has no [mail], so nobody is told by e-mail", _MAIL, "textback.toml")
    where = f"{config.mail.host}:{config.mail.port}"
    try:
        await mail.look()
    except Untold as error:
        says = f"the mail server {where} does not take us: {error}"
        return failed("mail", says, (f'host = "{config.mail.host}"',), "textback.toml, [mail]")
    return ok("mail", f"the mail server {where} takes us")


async def _webhook(webhook: Webhook, practice: str, url: str) -> Finding:
    try:
        status = await webhook.look(url)
    except Untold as error:
        lines = ('allow_private = ["10.1.2.3"]',) if INSIDE in str(error) else ()
        return failed("webhook", f"{practice}: {error}", lines, "textback.toml, [notify]" if lines else None)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return warning("webhook", f"{practice}: the webhook is reached, and answers HTTP {status} to HEAD")
    return ok("webhook", f"{practice}: the webhook is reached")
