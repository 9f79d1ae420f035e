"""The simulated PBX itself: a server that speaks AMI to any number of clients while callers call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from textback.clock import Clock, system_clock
from textback.demo.cast import CAST, perform
from textback.demo.channels import Phone
from textback.demo.queues import Queue, WaitingRoom
from textback.demo.session import Session
from textback.demo.stage import Script, Sleep, Stage, play
from textback.demo.switchboard import Switchboard

AGENTS = (Phone("PJSIP/agent1", "101", "Agent One"), Phone("PJSIP/agent2", "102", "Agent Two"))
DESKS = (Phone("PJSIP/ext201", "201", "Desk 201"), Phone("PJSIP/ext202", "202", "Desk 202"))


class Simulator:
    """Asterisk 22 as an AMI client sees it, with classes system, call, agent, dtmf, user and dialplan.

    Of ``VarSet`` only the variables that tell how a call ended are sent. ``Newexten`` and the states of
    devices, hints and queue members are left out: they say nothing about the calls that are played here.
    ``channelvars``: as if manager.conf had ``channelvars = CALLERID(pres)``.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        username: str = "textback",
        secret: str = "demo",
        clock: Clock = system_clock,
        *,
        sleep: Sleep = asyncio.sleep,
        callers: Iterable[Script] = CAST,
        queues: Iterable[str] = ("support",),
        agents: tuple[Phone, ...] = AGENTS,
        channelvars: bool = False,
    ) -> None:
        self.callers = tuple(callers)
        self._address = (host, port)
        self._credentials = (username, secret)
        self._server: asyncio.Server | None = None
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        board = Switchboard(clock, channelvars)
        board.listeners.append(self._broadcast)
        room = WaitingRoom(board, [Queue(name, agents) for name in queues])
        self.stage = Stage(board, room, sleep, agents, DESKS)

    async def start(self) -> int:
        """Listen, and give the port. Raises OSError if the address cannot be had."""
        self._server = await asyncio.start_server(self._connected, *self._address)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Cut every connection and stop listening. Plays that are under way are the caller's to cancel."""
        if self._server is None:
            return
        self._server.close()
        sessions = dict(self._sessions)
        for session, task in sessions.items():
            session.cut()
            task.cancel()
        await asyncio.gather(*sessions.values(), return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def play(self, script: Script) -> None:
        """Play one caller's script to its end."""
        await play(self.stage, script)

    async def perform(self, rounds: int | None = None) -> None:
        """Let all ``callers`` call, round after round, for ever unless ``rounds`` says how many."""
        await perform(self.stage, self.callers, rounds)

    def _broadcast(self, privilege: str, block: bytes) -> None:
        for session in self._sessions:
            session.hear(privilege, block)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(writer, self.stage, *self._credentials)
        self._sessions[session] = asyncio.create_task(self._serve(session, reader, writer))

    async def _serve(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await session.converse(reader)
        except (EOFError, OSError, ValueError):
            return  # the client left, or sent what is no AMI: either way it is gone
        finally:
            del self._sessions[session]
            writer.close()
