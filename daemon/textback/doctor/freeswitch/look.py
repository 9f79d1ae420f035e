"""What one FreeSWITCH tells over its event socket: asked and heard, never told to do anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from textback.clock import Clock
from textback.doctor.freeswitch import asking
from textback.doctor.freeswitch.profiles import Profile
from textback.pbx.esl import EslSettings
from textback.pbx.esl_event import PlainEvent
from textback.pbx.esl_session import Heard, Session
from textback.pbx.patience import Patience

PATIENCE = Patience(connect=5.0, answer=10.0)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came in while we listened."""

    channel: str
    context: str


@dataclass(slots=True)
class Look(asking.Told):
    """``arrived``: who called while we listened; ``keys``: how often a key was pressed then, None if we did not."""

    arrived: list[Arrival] = field(default_factory=list)
    keys: int | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """``contexts``: those of the dialplan that matter, beside those of profiles that are of interest; ``sounds``: files
    below its folder of sounds.
    """

    contexts: Sequence[str]
    sounds: Sequence[str] = ()
    is_of_interest: Callable[[Profile], bool] = lambda profile: False


async def look(
    settings: EslSettings,
    questions: Questions,
    clock: Clock,
    listen: float = 0.0,
    on_listening: Callable[[str], object] = lambda pbx: None,
) -> Look:
    """Log in as the daemon does, and see. ``listen``: seconds; ``on_listening`` is told when they begin: who calls in
    from then on counts.

    Raises ``LinkError`` if it cannot connect (``permanent`` is False), or is not let in.
    """
    found = Look()
    ear = _Ear(found)
    session = await Session.connect(settings.host, settings.port, ear.hear, settings.tls, PATIENCE, clock)
    try:
        await session.login(settings.secret)
        await _ask(session, clock, found, questions)
        if listen > 0:
            await session.subscribe()
            on_listening(settings.name)
            await ear.listen(session, listen)
    finally:
        session.close()
    return found


async def _ask(session: Session, clock: Clock, found: Look, questions: Questions) -> None:
    await asking.ask_itself(session, clock, found)
    await asking.ask_queues(session, found)
    await asking.ask_profiles(session, found)
    await asking.ask_configurations(session, found)
    arrivals = [one.context for one in found.profiles or () if questions.is_of_interest(one)]
    await asking.ask_contexts(session, found, [*questions.contexts, *arrivals])
    await asking.ask_files(session, found, questions.sounds)


class _Ear:
    """Hears who calls and which keys are pressed; what a caller chose is not looked at."""

    def __init__(self, found: Look) -> None:
        self._found = found
        self._heard_all = asyncio.Event()

    def hear(self, heard: Heard) -> None:
        event = PlainEvent(heard[0].body)
        name = event.get("Event-Name")
        if name == "CHANNEL_CREATE" and event.get("Call-Direction") == "inbound":
            arrival = Arrival(event.get("Channel-Name") or "", event.get("Caller-Context") or "")
            self._found.arrived.append(arrival)
        if name == "DTMF":
            self._found.keys = (self._found.keys or 0) + 1
        if self._found.arrived and self._found.keys:
            self._heard_all.set()

    async def listen(self, session: Session, seconds: float) -> None:
        """Until somebody called and pressed a key, for so long at most."""
        self._found.keys = self._found.keys or 0
        ends = [asyncio.ensure_future(session.closed()), asyncio.ensure_future(self._heard_all.wait())]
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
