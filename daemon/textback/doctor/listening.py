"""Whether the daemon can be reached where PBXes, browsers and the provider look for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address

import aiohttp

from textback.config import Address, Agi, Config
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.practice import Practice

#: seconds
PATIENCE = 5.0
#: a hook that only asks, of a call that nobody makes
_REQUEST = b"agi_request: agi://textback/hours\nagi_channel: textback doctor\nagi_uniqueid: doctor\n\n"
_ANSWERS = (b"SET VARIABLE", b"GET ", b"VERBOSE")
_START = ("textback run",)
_WRONG_PLACES = 400


async def examine_hooks_listener(config: Config, practices: Sequence[Practice] = ()) -> AsyncIterator[Finding]:
    """[agi]: somebody answers there, it is us, and the PBXes may ask."""
    agi = config.agi
    if agi is None and any(practice.call_to_text.enabled for practice in practices):
        says = "textback.toml has no [agi], so no queue and no dialplan can pass a key on: it is seen on the link only"
        yield warning("agi", says, ("[agi]", 'listen = "127.0.0.1:4573"'), "textback.toml")
        return
    if agi is None:
        yield skipped("agi", "textback.toml has no [agi], so dialplans cannot ask anything")
        return
    yield await _ask_hook(agi.listen)
    for pbx in config.pbx:
        if pbx.kind == "asterisk" and not _may_ask(agi, pbx.host):
            allow = ", ".join(f'"{network}"' for network in (*agi.allow, pbx.host))
            says = f"{pbx.name} at {pbx.host} may not ask the hooks"
            yield failed("agi", says, (f"allow = [{allow}]",), "textback.toml, [agi]")


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


async def _ask_hook(listen: Address) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            line = await _answer(listen)
    except (OSError, TimeoutError) as error:
        return _closed("agi", "the hooks", listen, error)
    if line.startswith(_ANSWERS):
        return ok("agi", f"the hooks answer at agi://{_shown(listen)}")
    says = f"what listens at {_shown(listen)} is not textback's hooks"
    return failed("agi", says, ('listen = "127.0.0.1:4574"',), "textback.toml, [agi]")


async def _answer(listen: Address) -> bytes:
    reader, writer = await asyncio.open_connection(_near(listen.host), listen.port)
    try:
        writer.write(_REQUEST)
        return await reader.readline()
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


def _may_ask(agi: Agi, host: str) -> bool:
    try:
        ip = ip_address(host)
    except ValueError:
        return True  # a name: only the connection itself tells its address
    networks = [network for network in agi.allow if network.version == ip.version]
    return ip.is_loopback or not agi.allow or any(ip in network for network in networks)


def _near(host: str) -> str:
    """Where a listener on every address can be reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _shown(listen: Address) -> str:
    host = _near(listen.host)
    return f"[{host}]:{listen.port}" if ":" in host else f"{host}:{listen.port}"
