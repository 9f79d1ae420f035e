"""One leg as FreeSWITCH's own record tells it: who, when, what was run on it, and when it was bridged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Step(NamedTuple):
    """A dialplan application that was run, and when it began (epoch seconds)."""

    application: str
    data: str
    at: float


@dataclass(frozen=True, slots=True)
class JsonLeg:
    """Times in epoch seconds; number, name and DID as they were at first. ``bridges``: when it was connected."""

    uuid: str
    is_inbound: bool
    channel: str
    context: str
    number: str | None
    name: str | None
    did: str | None
    withheld: bool
    started: float
    ended: float
    steps: tuple[Step, ...]
    bridges: tuple[float, ...]
    variables: Mapping[str, str]

    def bridged_within(self, begin: float, end: float) -> float | None:
        """When it was connected first in that time, if it was."""
        return next((at for at in self.bridges if begin <= at <= end), None)
