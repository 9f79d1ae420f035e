"""Whether the daemon can be reached where PBXes, browsers and the provider look for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import aiohttp

from textback.config import Address, Agi, Config, Esl
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.practice import Practice

#: seconds
PATIENCE = 5.0
#: a hook that only asks, of a call that nobody makes
_REQUEST = b"agi_request: agi://textback/hours\nagi_channel: textback doctor\nagi_uniqueid: doctor\n\n"
_CHANNEL = (
    b"Content-Type: command/reply\nEvent-Name: CHANNEL_DATA\nUnique-ID: doctor\nChannel-Name: textback doctor\n"
    b"variable_textback_hook: hours\n\n"
)
_START = ("textback run",)


@dataclass(frozen=True, slots=True)
class _Asks:
    """How a kind of PBX asks: what the listener says first, what is said then, and what only we answer."""

    section: str
    usual: str
    other: str
    greeting: bytes
    request: bytes
    answers: tuple[bytes, ...]


_ASKS = {
    "asterisk": _Asks("agi", "127.0.0.1:4573", "127.0.0.1:4574", b"", _REQUEST, (b"SET VARIABLE", b"GET ", b"VERBOSE")),
    "freeswitch": _Asks("esl", "127.0.0.1:8084", "127.0.0.1:8085", b"connect\n", _CHANNEL, (b"linger", b"sendmsg")),
}
_WRONG_PLACES = 400


async def examine_hooks_listener(config: Config, practices: Sequence[Practice] = ()) -> AsyncIterator[Finding]:
    """[agi] and [esl], as far as there are PBXes that ask there: somebody answers, it is us, and they may ask."""
    offers = any(practice.call_to_text.enabled for practice in practices)
    kinds = {pbx.kind for pbx in config.pbx}
    for kind, asks in _ASKS.items():
        settings = config.agi if kind == "asterisk" else config.esl
        if settings is not None:
            async for finding in _examine(config, kind, asks, settings):
                yield finding
        elif kind in kinds or (kind == "asterisk" and not kinds):
            yield _without(asks, offers)


def _without(asks: _Asks, offers: bool) -> Finding:
    if not offers:
        return skipped(asks.section, f"textback.toml has no [{asks.section}], so dialplans cannot ask anything")
    says = f"textback.toml has no [{asks.section}], so no queue and no dialplan can pass a key on: it is seen on the"
    lines = (f"[{asks.section}]", f'listen = "{asks.usual}"')
    return warning(asks.section, f"{says} link only", lines, "textback.toml")


async def _examine(config: Config, kind: str, asks: _Asks, settings: Agi | Esl) -> AsyncIterator[Finding]:
    yield await _ask_hook(asks, settings.listen)
    for pbx in config.pbx:
        if pbx.kind == kind and not _may_ask(settings, pbx.host):
            allow = ", ".join(f'"{network}"' for network in (*settings.allow, pbx.host))
            says = f"{pbx.name} at {pbx.host} may not ask the hooks"
            yield failed(asks.section, says, (f"allow = [{allow}]",), f"textback.toml, [{asks.section}]")


async def examine_pages(config: Config) -> AsyncIterator[Finding]:
    """[http]: the pages answer."""
    listen = config.http.listen
    if listen.port == 0:
        yield skipped("http", "[http] listen takes any free port, so where the pages are is not known")
        return
    url = f"http://{_shown(listen)}/sign-in"
    try:
        status = await _get(url)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        yield _closed("http", "the pages", listen, error)
        return
    if status < _WRONG_PLACES:
        yield ok("http", f"the pages answer at http://{_shown(listen)}")
    else:
        says = f"what answers at http://{_shown(listen)} (HTTP {status}) is not textback: say another port"
        yield failed("http", says, ('listen = "127.0.0.1:8088"',), "textback.toml, [http]")


async def _ask_hook(asks: _Asks, listen: Address) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            line = await _answer(asks, listen)
    except (OSError, TimeoutError) as error:
        return _closed(asks.section, "the hooks", listen, error)
    if line.startswith(asks.answers):
        return ok(asks.section, f"the hooks answer at {asks.section}://{_shown(listen)}")
    says = f"what listens at {_shown(listen)} is not textback's hooks"
    return failed(asks.section, says, (f'listen = "{asks.other}"',), f"textback.toml, [{asks.section}]")


async def _answer(asks: _Asks, listen: Address) -> bytes:
    """The first line that only we say: of an outbound event socket, the second thing, behind ``connect``."""
    reader, writer = await asyncio.open_connection(_near(listen.host), listen.port)
    try:
        if asks.greeting and await reader.readline() != asks.greeting:
            return b""
        writer.write(asks.request)
        line = await reader.readline()
        return await reader.readline() if line == b"\n" else line
    finally:
        writer.close()


def _closed(check: str, what: str, listen: Address, error: Exception) -> Finding:
    why = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else "no answer"
    says = f"{what} do not answer at {_shown(listen)} ({why}): textback is not running, or with another configuration"
    return failed(check, says, _START, SHELL)


async def _get(url: str) -> int:
    times = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(timeout=times) as session, session.get(url, allow_redirects=False) as answer:
        return answer.status


def _may_ask(settings: Agi | Esl, host: str) -> bool:
    try:
        ip = ip_address(host)
    except ValueError:
        return True  # a name: only the connection itself tells its address
    networks = [network for network in settings.allow if network.version == ip.version]
    return ip.is_loopback or not settings.allow or any(ip in network for network in networks)


def _near(host: str) -> str:
    """Where a listener on every address can be reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _shown(listen: Address) -> str:
    host = _near(listen.host)
    return f"[{host}]:{listen.port}" if ":" in host else f"{host}:{listen.port}"
