"""Takes a PBX's connections, bounded in number, size and time, and answers each hook, whatever carries it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import ClassVar, Protocol

from textback.complaints import Complaints
from textback.hooks.asked import HOOKS, answer
from textback.hooks.asking import FAULT, DeskFault, PatientDesk
from textback.hooks.desk import Desk
from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, Phone, PhoneError
from textback.hooks.request import Refused, Request
from textback.latency import Latency
from textback.listen import ListenError
from textback.store.faults import is_fault

#: connections at once; a process has some 1,000 files by default, and the database and the links want theirs, too
MOST = 512


class Console(Phone, Protocol):
    """A ``Phone`` with a line to the PBX's own console."""

    async def last_word(self, message: str) -> None:
        """Show ``message`` there; nobody waits for the reply."""


class SocketOption(Protocol):
    """A socket, as far as its options go."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """As of a socket."""


class HookServer(ABC):
    """What every way to ask a hook has in common; ``allow``: the networks that may ask, by default only this machine.

    ``latency`` is of the hooks that only ask: from the end of the request until the last variable is set;
    ``latencies`` the same of each hook, by its name.
    ``refused``, ``tampered`` and ``faults`` count what was no request, came from a caller who forges, or had no answer.
    """

    #: the table in textback.toml, and the bytes that one of its lines or blocks may have
    section: ClassVar[str]
    longest: ClassVar[int]
    #: what a caller did whose request is marked as tampered with
    forged: ClassVar[str]
    #: where a prompt has to be that cannot be played
    no_file: ClassVar[str]

    def __init__(
        self,
        desk: Desk,
        allow: Sequence[IPv4Network | IPv6Network] = (),
        patience: Patience = Patience(),
        log: logging.Logger = logging.getLogger("textback.hooks"),
        most: int = MOST,
    ) -> None:
        self.desk = desk
        self.port = 0
        self.latency = Latency()
        self.latencies = {name: Latency() for name, hook in HOOKS.items() if hook.is_timed}
        self.refused = self.tampered = self.faults = 0
        self._desk = PatientDesk(desk, patience, self._on_fault)
        self._allow = allow
        self._patience = patience
        self._complaints = Complaints(log)
        self._most = most
        self._sessions: set[asyncio.Task[None]] = set()
        #: connections that have not said yet what they want, the oldest first
        self._unsaid: dict[asyncio.StreamWriter, None] = {}
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int, shared: bool = False) -> None:
        """Begin to take connections; ``self.port`` is the port then; ``shared``: with another socket of ours.

        Raises ``ListenError``.
        """
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, limit=self.longest, backlog=self._most, reuse_port=shared
            )
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
            raise ListenError(f"[{self.section}] listen: cannot listen on {host}:{port}: {why}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    def become(self, other: HookServer) -> None:
        """Answer as another one does that was not opened, from the next hook on; those in hand go on."""
        self.desk, self._allow = other.desk, other._allow
        self._desk = PatientDesk(other.desk, self._patience, self._on_fault)

    def sockets(self) -> Sequence[SocketOption]:
        """What it listens on."""
        return () if self._server is None else self._server.sockets

    def withdraw(self) -> bool:
        """Take no more connections; True: it must run on for those who are in hand, who may hear a prompt still."""
        if self._server is not None:
            self._server.close()
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``; a prompt that is not over soon after is cut off, and its call goes on."""
        await stop.wait()
        if self._server is not None:
            self._server.close()
        for writer in self._unsaid:
            writer.transport.abort()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=self._patience.goodbye)
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._sessions)

    # -- who may ask -------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        assert session is not None
        peer = str((writer.get_extra_info("peername") or [""])[0])
        if not peer or not self._admits(peer):
            writer.transport.abort()
            return
        self._sessions.add(session)
        self._unsaid[writer] = None
        try:
            await self._serve(peer, reader, writer)
        except asyncio.CancelledError:
            return  # we stop; Python 3.11 would log that as a fault
        finally:
            self._unsaid.pop(writer, None)
            self._sessions.discard(session)
            writer.transport.abort()

    def allows(self, peer: str) -> bool:
        """Whether a hook may be asked for from this address; an IPv4 address may be written as IPv6."""
        address = ip_address(peer)
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._allow) or not self._allow and address.is_loopback

    def _admits(self, peer: str) -> bool:
        if not self.allows(peer):
            self._refuse(peer, Refused("not allowed", f"is not in [{self.section}] allow, so it is not answered"))
            return False
        return self._has_room(peer)

    def _has_room(self, peer: str) -> bool:
        """Whether one more can be taken; if need be, the place of who has said nothing for longest."""
        if len(self._sessions) < self._most:
            return True
        if not self._unsaid:
            self._refuse(peer, Refused("too many", f"{self._most} hooks run already: not answered"))
            return False
        oldest = next(iter(self._unsaid))
        del self._unsaid[oldest]
        oldest.transport.abort()
        return True

    # -- what is asked -----------------------------------------------------------------------------------

    @abstractmethod
    async def _converse(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the first byte to the end. Raises ``Refused``, ``PhoneError`` or ``HungUp``."""

    async def _serve(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(peer, reader, writer)
        except Refused as refused:
            self._refuse(peer, refused)
        except PhoneError as error:
            self._complaints.tell(str(error), peer, "phone")
        except HungUp:
            return  # nobody is left to be told

    def _refuse(self, peer: str, refused: Refused) -> None:
        self.refused += 1
        self._complaints.tell(str(refused), peer, refused.kind)

    async def _answer(self, peer: str, request: Request, phone: Console) -> bool:
        """Set the variables of one hook; False if there is no such hook."""
        began = time.perf_counter()
        hook = HOOKS.get(request.hook)
        if hook is None:
            await phone.last_word(f"textback has no hook {request.hook[:40]}; it has {' '.join(HOOKS)}")
            self._refuse(peer, Refused("unknown hook", f"asked for the hook {request.hook[:40]!r}, which there is not"))
            return False
        if request.caller.tampered:
            self.tampered += 1
            self._complaints.tell(f"call {request.caller.uniqueid} {self.forged}: it is not texted", peer, "forged")
        try:
            variables = await answer(hook, self._desk, request, phone)
        except (HungUp, PhoneError):
            raise
        except Exception as error:  # ours, and the call goes on
            self.faults += 1
            self._complaints.tell(f"the hook {request.hook} failed: the calls go on", "hooks", trouble=error)
            variables = hook.failed("fault")
        await phone.set_all(variables)
        if hook.is_timed:
            self._note(request.hook, time.perf_counter() - began)
        return True

    def _note(self, hook: str, seconds: float) -> None:
        self.latency.record(seconds)
        self.latencies[hook].record(seconds)

    def _missing(self, peer: str, prompt: str) -> None:
        self._complaints.tell(self.no_file % prompt, peer)

    def _on_fault(self, fault: DeskFault) -> None:
        self.faults += 1
        cause = fault.__cause__
        # A database that is slow, or away, is told of by the writer; a fault of ours needs its place.
        trouble = cause if fault.reason == FAULT and cause is not None and not is_fault(cause) else None
        self._complaints.tell(f"no answer to {fault}: the calls go on", "hooks", trouble=trouble)
