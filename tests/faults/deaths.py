"""Where the daemon may die: each step makes it kill itself there, in the process that calls it."""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

from textback.events import CallerLeft
from textback.intake import Intake
from textback.outbox import Outbox
from textback.sms.twilio import Twilio
from textback.store import claims, messages
from textback.store.writer import Writer

#: Takes the arguments of a call, and what it returned once it has: whether this call counts.
Counts = Callable[..., bool]


def die() -> None:
    """kill -9, by its own hand."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, counts: Counts = lambda *_: True) -> Callable[[int], None]:
    """Dies when it is called for the n-th time."""

    def arm(nth: int) -> None:
        original, calls = getattr(owner, name), count(1)

        @functools.wraps(original)
        def wrapped(*arguments: Any, **more: Any) -> Any:
            if counts(*arguments) and next(calls) == nth:
                die()
            return original(*arguments, **more)

        setattr(owner, name, wrapped)

    return arm


def after(owner: Any, name: str, counts: Counts = lambda result, *_: True) -> Callable[[int], None]:
    """Dies when it has returned for the n-th time."""

    def arm(nth: int) -> None:
        original, calls = getattr(owner, name), count(1)

        def look(result: Any, arguments: tuple[Any, ...]) -> Any:
            if counts(result, *arguments) and next(calls) == nth:
                die()
            return result

        @functools.wraps(original)
        async def awaited(*arguments: Any, **more: Any) -> Any:
            return look(await original(*arguments, **more), arguments)

        @functools.wraps(original)
        def called(*arguments: Any, **more: Any) -> Any:
            return look(original(*arguments, **more), arguments)

        setattr(owner, name, awaited if inspect.iscoroutinefunction(original) else called)

    return arm


def outcome_committed(nth: int) -> None:
    """Dies when what became of the n-th text is durable."""
    settled: list[object] = []
    note = after(claims, "settle", lambda result, *_: bool(settled.append(result)))
    note(nth)
    after(Writer, "run", lambda *_: bool(settled) and len(settled) >= nth)(1)


#: the steps in their order; each takes for which time it is to die
STEPS: dict[str, Callable[[int], None]] = {
    "fact read": before(Intake, "put", lambda _, fact: isinstance(fact, CallerLeft)),
    "decision written": after(messages, "add_all", lambda ids, *_: bool(ids)),
    "decision committed": before(Outbox, "nudge"),
    "claim written": after(claims, "claim", lambda message, *_: message is not None),
    "claim committed": before(Twilio, "send"),
    "answer read": after(Twilio, "send"),
    "outcome written": after(claims, "settle"),
    "outcome committed": outcome_committed,
}
