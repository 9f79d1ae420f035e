"""One ESL connection as the event loop sees it: commands are answered or fail, events are handed over."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from textback.clock import Clock, system_clock
from textback.pbx.errors import LinkError
from textback.pbx.esl_event import peek
from textback.pbx.esl_frames import Frame
from textback.pbx.esl_reader import APPLICATIONS, is_event, is_wanted
from textback.pbx.esl_thread import Thread
from textback.pbx.esl_wire import Wire
from textback.pbx.handover import Handover
from textback.pbx.patience import Patience
from textback.pbx.tls import Tls

#: what the daemon hears of; CUSTOM comes last, since everything behind it is taken for one of its subclasses
EVENTS = (
    *("CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD"),
    *("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE", "DTMF", "HEARTBEAT"),
)
CUSTOM = ("callcenter::info", "fifo::info", "valet_parking::info", "vm::maintenance")
#: an event, and when it came
Heard = tuple[Frame, float]
_Answer = TypeVar("_Answer")


class Session:
    """A connection to a FreeSWITCH; everything fails with ``LinkError``, and nothing waits for ever.

    ``on_event`` is called in the event loop, in the order in which the events came. ``events`` counts all of them,
    ``dropped`` those that came while the loop stood still for too long.
    """

    def __init__(self, name: str, handover: Handover[Heard], patience: Patience, clock: Clock) -> None:
        self.events = 0
        #: when the last two heartbeats came
        self.beats: tuple[float | None, float | None] = (None, None)
        self._handover = handover
        self._patience = patience
        self._clock = clock
        self._wire: Wire | None = None
        self._thread = Thread(name, self._shut)

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        on_event: Callable[[Heard], None],
        tls: Tls | None = None,
        patience: Patience = Patience(),
        clock: Clock = system_clock,
    ) -> Session:
        """Connect, but do not log in yet. Raises ``LinkError``."""
        handover = Handover[Heard](asyncio.get_running_loop(), on_event)
        context = tls.context() if tls else None
        session = cls(f"esl-{host}:{port}", handover, patience, clock)
        try:
            await session._do(partial(session._open, host, port, context), patience.connect + patience.answer)
        except BaseException:
            session.close()
            raise
        return session

    async def login(self, secret: str) -> None:
        """Log in. Raises ``LinkError``, permanent if the PBX refuses the password."""
        await self._do(lambda: self._talk.login(secret))

    async def subscribe(self) -> None:
        """Ask for the events. Raises ``LinkError``."""
        events = [*EVENTS, "CHANNEL_EXECUTE"] if await self._filter() else EVENTS
        reply = await self.ask(f"event plain {' '.join(events)} CUSTOM {' '.join(CUSTOM)}")
        if not reply.startswith("+OK"):
            raise LinkError(f"the PBX tells no events: {reply[:100]}", permanent=True)

    async def _filter(self) -> bool:
        """Have the PBX keep what nobody would read; False if it does not filter."""
        wanted = [("Event-Name", name) for name in (*EVENTS, "CUSTOM")]
        wanted += [("Application", application) for application in APPLICATIONS]
        for header, value in wanted:
            if not (await self.ask(f"filter {header} {value}")).startswith("+OK"):
                await self.ask("filter delete all")
                return False
        return True

    async def ask(self, command: str, seconds: float | None = None) -> str:
        """The reply to a command. Raises ``LinkError`` if none comes within ``seconds``."""
        answer = await self._do(lambda: self._talk.send(command, seconds), seconds)
        return str(answer.data)

    async def api(self, command: str, seconds: float | None = None) -> str:
        """The answer of an API command, without blanks around it; it begins with ``-`` if the command failed."""
        return (await self.ask(f"api {command}", seconds)).strip()

    async def api_json(self, command: str) -> Any:
        """The answer of a command that gives JSON; None if it gives something else, or an error."""
        try:
            return json.loads(await self.api(command), strict=False)
        except ValueError:
            return None

    async def _do(self, work: Callable[[], _Answer], seconds: float | None = None) -> _Answer:
        """Have something done in the thread; were it stuck itself, that would be noticed a little later."""
        seconds = self._patience.answer if seconds is None else seconds
        try:
            async with asyncio.timeout(2 * seconds):
                return await asyncio.wrap_future(self._thread.do(work))
        except TimeoutError:
            raise LinkError(f"nothing was done for {2 * seconds:.0f} s") from None
        except LinkError as error:
            raise (error if error.permanent else self.problem or error) from None

    async def closed(self) -> None:
        """Wait until the connection ends, from whichever side."""
        await asyncio.shield(asyncio.wrap_future(self._thread.ended))

    @property
    def is_open(self) -> bool:
        """Whether the connection has not ended."""
        return self._wire is not None and self._wire.problem is None

    @property
    def problem(self) -> LinkError | None:
        """Why it has ended."""
        return self._wire.problem if self._wire else None

    @property
    def dropped(self) -> int:
        """How many events were dropped, as nobody took them."""
        return self._handover.dropped

    def close(self) -> None:
        """End the connection now."""
        self._thread.stop()

    # -- in the thread ----------------------------------------------------------------------------------

    @property
    def _talk(self) -> Wire:
        if self._wire is None:
            raise LinkError("the link is down")
        return self._wire

    def _open(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._wire = Wire(host, port, self._hear, self._thread.stop, self._patience)
        self._wire.open(tls)

    def _shut(self) -> None:
        if self._wire:
            self._wire.shut()

    def _hear(self, frames: list[Frame]) -> None:
        at = self._clock()
        wanted: list[tuple[Heard, int]] = []
        for frame in frames:
            self.events += is_event(frame)
            if is_wanted(frame):
                wanted.append(((frame, at), len(frame.body)))
            if peek(frame.kind, frame.body) == b"HEARTBEAT":
                self.beats = self.beats[1], at
        if wanted:
            self._handover.put(wanted)
