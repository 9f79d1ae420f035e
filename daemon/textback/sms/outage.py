"""A provider that fails for a while: said once, and asked again ever more slowly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from textback.clock import Clock
from textback.sms import Fault, SendError

T = TypeVar("T")

#: The longest pause, in seconds, whatever the provider asks for.
LONGEST = 300.0


async def asked(question: Awaitable[T]) -> T:
    """What a provider answers; raises nothing but SendError, even where its code is at fault."""
    try:
        return await question
    except SendError:
        raise
    except Exception as error:
        raise SendError(f"a fault in our code ({type(error).__name__})", Fault.UNKNOWN) from error


async def first_failure(works: Iterable[Awaitable[None]]) -> SendError | None:
    """Wait for all of them; gives the provider's first error, and raises any other kind."""
    failures = [result for result in await asyncio.gather(*works, return_exceptions=True) if result is not None]
    for failure in failures:
        if not isinstance(failure, SendError):
            raise failure
    return next((failure for failure in failures if isinstance(failure, SendError)), None)


class Outage:
    """``what`` cannot be had, as logs say it; ``first``: the first pause, in seconds, doubled up to ``LONGEST``."""

    def __init__(self, what: str, first: float, clock: Clock, log: logging.Logger) -> None:
        self._what, self._first, self._clock, self._log = what, first, clock, log
        self._since: float | None = None
        self._next = first

    def pause(self, error: SendError) -> float:
        """The provider failed again; gives the seconds until it may be asked once more."""
        if self._since is None:
            self._since, self._next = self._clock(), self._first
            self._log.error("%s: %s: %s; asking again", self._what, error.kind, error)
        pause, self._next = self._next, self._next * 2
        return min(max(pause, error.retry_after or 0.0), max(LONGEST, self._first))

    def end(self) -> None:
        """The provider answered."""
        if self._since is not None:
            self._log.warning("%s: that is over after %.0f s", self._what, max(self._clock() - self._since, 0.0))
            self._since = None
