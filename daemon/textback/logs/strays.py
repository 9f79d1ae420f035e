"""What nobody caught, told to the log: Python itself would print it to stderr, with every word of it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from types import TracebackType
from typing import Any

log = logging.getLogger("textback")


def catch_strays() -> None:
    """Tell the log of what nobody catches in this process: in a thread, at its end, in a finalizer."""
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _unraisable


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Tell the log of what nobody catches in that loop; asyncio would write down what was worked on, too."""
    loop.set_exception_handler(_in_loop)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("a fault of ours ends the daemon", exc_info=error)


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        log.error("a fault of ours ended a thread", exc_info=args.exc_value)


def _unraisable(args: Any) -> None:
    # what it was is told by its kind only: its own words for itself may hold anything
    kind = type(args.object).__qualname__
    log.error("a fault that nobody could catch, of a %s", kind, exc_info=args.exc_value or False)


def _in_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    work = context.get("task") or context.get("future") or context.get("protocol") or context.get("transport")
    of = work.get_coro() if isinstance(work, asyncio.Task) else work
    name = getattr(of, "__qualname__", type(of).__qualname__) if of is not None else "a callback"
    words = "a fault of ours in the event loop that nobody caught: %s"
    log.error(words, name, exc_info=context.get("exception") or False)
