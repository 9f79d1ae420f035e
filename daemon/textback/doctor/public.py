"""Whether the provider reaches us at ``public_url``, and whether its signature counts there as it must."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp
from twilio.request_validator import RequestValidator

from textback.config import Config
from textback.doctor.finding import Finding, failed, ok, skipped
from textback.web.twilio import FORM, SMS

PATIENCE = 10.0
_LONGEST = 2048  # bytes of an answer


async def examine_public_url(config: Config) -> AsyncIterator[Finding]:
    """Two posts that change nothing: one without a signature, one that is signed and holds no text."""
    webhooks, twilio = config.webhooks, config.sms.twilio
    if config.sms.provider != "twilio" or config.sms.inbound != "webhook":
        yield skipped("public_url", "the provider does not post to us")
        return
    if webhooks is None or webhooks.public_url is None or twilio is None:
        lines = ("[webhooks]", 'listen = "127.0.0.1:8081"', 'public_url = "https://text.example.org"')
        says = "replies are to be posted to us (inbound = webhook), and [webhooks] public_url does not say where"
        yield failed("public_url", says, lines, "textback.toml")
        return
    url = webhooks.public_url + SMS
    signature = RequestValidator(twilio.auth_token.get_secret_value()).compute_signature(url, {})
    try:
        unsigned, signed = await _posted(url, {}), await _posted(url, {"X-Twilio-Signature": signature})
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        says = f"nobody answers at {url} ({type(error).__name__}): the proxy there must pass /twilio/ on to us"
        yield failed("public_url", says, _proxy(config), "the proxy's configuration (nginx)")
        return
    yield _judged(config, url, unsigned, signed)


def _judged(config: Config, url: str, unsigned: int, signed: int) -> Finding:
    if (unsigned, signed) == (HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST):
        return ok("public_url", f"{url} is reached, refuses posts without a signature and knows ours")
    if (unsigned, signed) == (HTTPStatus.FORBIDDEN, HTTPStatus.FORBIDDEN):
        says = (
            f"{url} refuses what is signed rightly: the daemon there has another public_url or token, or the proxy"
            " changes the path"
        )
        return failed("public_url", says, _proxy(config), "the proxy's configuration (nginx)")
    if unsigned < HTTPStatus.MULTIPLE_CHOICES:
        says = f"{url} takes posts that nobody signed: that is not textback"
        return failed("public_url", says, _proxy(config), "the proxy's configuration (nginx)")
    says = f"{url} answers HTTP {unsigned}, so what is there is not textback"
    return failed("public_url", says, _proxy(config), "the proxy's configuration (nginx)")


def _proxy(config: Config) -> tuple[str, ...]:
    listen = config.webhooks.listen if config.webhooks else None
    where = f"{listen.host}:{listen.port}" if listen else "127.0.0.1:8081"
    return ("location /twilio/ {", f"    proxy_pass http://{where};", "    proxy_set_header Host $host;", "}")


async def _posted(url: str, headers: dict[str, str]) -> int:
    times = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(timeout=times) as session:
        sent = {"Content-Type": FORM, **headers}
        async with session.post(url, data=b"", headers=sent, allow_redirects=False) as answer:
            await answer.content.read(_LONGEST)
            return answer.status
