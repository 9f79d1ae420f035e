"""The simulator's own book: what each caller did, whatever the daemon thinks of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from textback.demo.channels import Channel
from textback.demo.stage import Script, Stage, Step


@dataclass(frozen=True, slots=True)
class Expected:
    """What a call must become where all of it was seen: disposition, verdict and reason code."""

    disposition: str
    verdict: str
    reason: str


ANSWERED = Expected("answered", "skip", "answered")
ABANDONED = Expected("abandoned", "text", "abandoned")
MISSED = Expected("missed", "text", "missed")
TEXTED = Expected("texted", "text", "call_to_text")
UNREACHED = Expected("unreached", "skip", "unreached")
LOST = Expected("lost", "skip", "unobserved")


@dataclass(eq=False, slots=True)
class Visit:
    """One call. ``marks``: the epoch seconds at which something changed for the caller, arrival and end included.

    ``said``: what the hooks answered during it, None for a hook that was not reached; ``cut``: how the PBX ended it,
    ``crash`` or what was true for the caller in an orderly end.
    """

    pbx: str
    number: str
    kind: str
    expected: Expected
    id: str = ""
    name: str = ""
    marks: list[float] = field(default_factory=list)
    ended_at: float | None = None
    said: dict[str, str | None] = field(default_factory=dict)
    key: str | None = None
    cut: str | None = None
    before: Visit | None = None

    @property
    def e164(self) -> str | None:
        """The caller's number as it must be stored."""
        return f"+{self.number}" if self.number else None

    def over(self, at: float) -> None:
        """The caller's channel is gone."""
        if self.ended_at is None:
            self.ended_at = at
            self.marks.append(at)


#: what somebody does, each step with what must come of its call, None where it is none
Acts = list[tuple[Step, Expected | None]]
#: asks a hook for the call that is on the line: its name and the visit; gives what it said
Ask = Callable[[str, Visit], Awaitable[str | None]]


@dataclass(eq=False)
class Caller:
    """Somebody who calls, once or several times; ``acts`` are what they do, each with what must come of it."""

    number: str
    name: str
    kind: str
    acts: Acts
    pbx: str
    ask: Ask
    on_visit: Callable[[Visit], None]
    visits: list[Visit] = field(default_factory=list)
    expected: Expected | None = None
    #: told whatever changes, also where no visit is under way
    key: str | None = None

    @property
    def visit(self) -> Visit | None:
        """The call that is on the line."""
        return self.visits[-1] if self.visits and self.visits[-1].ended_at is None else None

    def arrived(self, channel: Channel) -> None:
        """Their channel is there."""
        assert self.expected is not None, "somebody arrives who should not"
        before = self.visits[-1] if self.visits else None
        made = Visit(
            self.pbx, self.number, self.kind, self.expected, f"{self.pbx}/{channel.uniqueid}", self.name,
            [time.time()], before=before,
        )  # fmt: skip
        self.visits.append(made)
        self.on_visit(made)

    def mark(self) -> None:
        """Something may have changed for them."""
        if self.visit is not None:
            self.visit.marks.append(time.time())

    async def play(self, stage: Stage, script: Script, sleep: Callable[[float], Awaitable[None]]) -> None:
        """All acts, one after the other; if they are cut short, the caller's channel is gone."""

        async def noted(seconds: float) -> None:
            self.mark()
            await sleep(seconds)
            self.mark()

        line = Line(stage.board, stage.room, noted, stage.agents, stage.desks, stage.trunk, caller=self)
        for step, expected in self.acts:
            self.expected = expected
            await step(line, script)
            self.hung_up()

    def hung_up(self) -> None:
        """Their channel is gone, now."""
        if self.visit is not None:
            self.visit.over(time.time())


@dataclass(frozen=True)
class Line(Stage):
    """The stage as one caller knows it."""

    caller: Caller = field(kw_only=True)

    def arrive(self, script: Script) -> Channel:
        """The same, noted in the caller's book."""
        channel = Stage.arrive(self, script)
        self.caller.arrived(channel)
        return channel
