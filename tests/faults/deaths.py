"""Where the daemon may die: each step makes it kill itself there, in the process that calls it."""

from __future__ import annotations

import functools
import inspect
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

from textback.events import CallerLeft
from textback.intake import Intake
from textback.outbox import Outbox
from textback.sms.twilio import Twilio
from textback.store import claims, messages
from textback.store.writer import Writer

#: Takes the arguments of a call, and before them what it returned, if it has: how many texts have come this far.
Counts = Callable[..., int]
Arm = Callable[[int], None]


def die() -> None:
    """kill -9, by its own hand."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, counts: Counts = lambda *_: 1) -> Arm:
    """Dies when it is called with the n-th text."""

    def arm(nth: int) -> None:
        original, come = getattr(owner, name), [0]

        @functools.wraps(original)
        def wrapped(*arguments: Any, **more: Any) -> Any:
            _die_at(nth, come, counts(*arguments))
            return original(*arguments, **more)

        setattr(owner, name, wrapped)

    return arm


def after(owner: Any, name: str, counts: Counts = lambda result, *_: 1) -> Arm:
    """Dies when it has returned with the n-th text."""

    def arm(nth: int) -> None:
        original, come = getattr(owner, name), [0]

        @functools.wraps(original)
        async def awaited(*arguments: Any, **more: Any) -> Any:
            result = await original(*arguments, **more)
            _die_at(nth, come, counts(result, *arguments))
            return result

        @functools.wraps(original)
        def called(*arguments: Any, **more: Any) -> Any:
            result = original(*arguments, **more)
            _die_at(nth, come, counts(result, *arguments))
            return result

        setattr(owner, name, awaited if inspect.iscoroutinefunction(original) else called)

    return arm


def _die_at(nth: int, come: list[int], more: int) -> None:
    come[0] += more
    if more and come[0] >= nth:
        die()


def once_committed(written: Callable[[Counts], Arm], heard: Callable[[Counts], Arm]) -> Arm:
    """Dies at ``heard``, which comes after the COMMIT, once the n-th text was ``written``."""

    def arm(nth: int) -> None:
        come = [0]

        def note(result: Any, *_: Any) -> int:
            come[0] += len(result) if isinstance(result, list) else 1
            return 0

        written(note)(nth)
        heard(lambda *_: come[0] >= nth)(1)

    return arm


#: the steps in their order; each takes for which text it is to die
STEPS: dict[str, Arm] = {
    "fact read": before(Intake, "put", lambda _, fact: isinstance(fact, CallerLeft)),
    "decision written": after(messages, "add_all", lambda ids, *_: len(ids)),
    "decision committed": once_committed(partial(after, messages, "add_all"), partial(before, Outbox, "nudge")),
    "claim written": after(claims, "claim", lambda message, *_: message is not None),
    "claim committed": before(Twilio, "send"),
    "answer read": after(Twilio, "send"),
    "outcome written": after(claims, "settle"),
    "outcome committed": once_committed(partial(after, claims, "settle"), partial(after, Writer, "run")),
}
