"""The command line of textback with faults in it that hold whatever they were working on, as faults do."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from textback import logs
from textback.__main__ import main
from textback.config import Log
from textback.desk import HookDesk
from textback.hooks.desk import About, Caller
from textback.logs.outlet import Outlet
from textback.pbx import ami_facts
from textback.sms import Accepted, Outgoing
from textback.sms.twilio import Twilio
from textback.web.pages.inbox import InboxPages

#: set, the log is written as Python writes one: then everything is in it, which shows that the tests would see it
PLAIN = "TEXTBACK_TEST_PLAIN"

_send, _take = Twilio.send, ami_facts.Translator.take
_taken: list[bool] = []


def fail(*worked_on: object) -> None:
    """A fault that quotes what it worked on."""
    raise ValueError(f"cannot work on {worked_on!r}")


async def _fails(*worked_on: object) -> None:
    fail(*worked_on)


async def send(self: Twilio, message: Outgoing) -> Accepted:
    """Everything that can go wrong beside a text goes wrong, with the text in it, and with what it is sent by."""
    loop = asyncio.get_running_loop()
    loop.create_task(_fails(message.body, message.to))
    loop.call_soon(fail, message.body)
    threading.Thread(target=fail, args=(message.body, Path("textback.toml").read_text())).start()
    logging.getLogger("aiohttp.client").error(f"cannot send {message.body} to {message.to}")
    logging.getLogger("urllib3").warning("cannot send %s to %s", message.body, message.to)
    logging.getLogger("twilio.http_client").debug("%s", message.body)
    warnings.warn(f"unclosed {message}", ResourceWarning, stacklevel=1)
    if "no provider" in message.body:
        fail(message)
    return await _send(self, message)


async def about(self: HookDesk, caller: Caller) -> About:
    """A hook that fails on its caller."""
    raise ValueError(f"cannot answer {caller!r}")


def take(self: Any, event: Any, at: float, tampered: bool = False) -> Any:
    """One event that cannot be taken."""
    if not _taken and event["Event"] == "DialBegin":
        _taken.append(True)
        raise KeyError(f"cannot take {dict(event)!r}")
    return _take(self, event, at, tampered)


async def show(self: InboxPages, request: Any) -> Any:
    """A page that fails on what was looked for, and on who looks."""
    raise RuntimeError(f"cannot show {dict(request.query_params)!r} to {dict(request.headers)!r}")


def set_up_plainly(settings: Log, stream: Any = None) -> Outlet:
    """What the log would be without all that this house does to it."""
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, force=True)
    return Outlet(None)


def break_everything() -> None:
    """Put the faults in their places."""
    warnings.simplefilter("always", ResourceWarning)
    Twilio.send = send  # type: ignore[method-assign]
    HookDesk.about = about  # type: ignore[method-assign]
    ami_facts.Translator.take = take  # type: ignore[method-assign]
    InboxPages.inbox = show  # type: ignore[method-assign]
    if PLAIN in os.environ:
        logs.set_up = set_up_plainly
        logs.catch_strays = lambda: None
        logs.watch_loop = lambda loop: None


if __name__ == "__main__":
    break_everything()
    main()
