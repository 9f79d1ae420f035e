"""Phones in Python, for what SIPp cannot do: every step when the test wants it, several calls at one phone.

As much of RFC 3261, 3515 (REFER) and 3891 (Replaces) as the lab needs on loopback, where no datagram is lost.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable

from . import sip
from .asterisk import LabError
from .leg import PATIENCE, Leg
from .sip import Message


class Phones:
    """The phones behind one address and port of a lab's Asterisk; a thread listens to all of them."""

    def __init__(self, sip_port: int, address: str, port: int) -> None:
        self.pbx = f"127.0.0.1:{sip_port}"
        self.address = address
        self.closed = threading.Event()
        self.media = _bound(address, 0)
        self._there = ("127.0.0.1", sip_port)
        self._socket = _bound(address, port)
        self._here = f"{address}:{self._socket.getsockname()[1]}"
        self._legs: dict[str, Leg] = {}
        self._ringing: list[Leg] = []
        self._told: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, name=f"phones-{address}", daemon=True)
        self._reader.start()

    def __enter__(self) -> Phones:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unplugs them all; calls that are up are not ended."""
        self.closed.set()
        self._socket.sendto(b"", self._socket.getsockname())
        self._reader.join(5)
        self._socket.close()
        self.media.close()

    def call(self, user: str, dialled: str, name: str | None = None) -> Leg:
        """Dials; `user` is the phone, or the number of a caller from outside."""
        leg = Leg(self, user, secrets.token_hex(8))
        shown = "" if name is None else f'"{name}" '
        leg.us = f"{shown}<sip:{user}@{self.address}>;tag={leg.tag}"
        leg.dialled, leg.target = dialled, f"sip:{dialled}@{self.pbx}"
        leg.them = f"<{leg.target}>"
        leg.branch = sip.new_branch()
        with self._changed:
            self._legs[leg.call_id] = leg
        self.request(leg, "INVITE", 1, leg.branch, body=self.offer())
        return leg

    def rings(self, user: str, timeout: float = PATIENCE) -> Leg:
        """Waits until that phone rings, and returns the call; each one once."""
        found: list[Leg] = []

        def rang() -> bool:
            found[:] = [leg for leg in self._ringing if leg.user == user and leg.state == "ringing"]
            return bool(found)

        self.wait(rang, timeout, f"a call for {user}")
        self._ringing.remove(found[0])
        return found[0]

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Waits until something that follows from a message is true."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise LabError(f"{what} did not come within {timeout:g} s\n{self.told()}")

    def told(self) -> str:
        """The last messages, by their first lines."""
        return "\n".join(self._told[-30:])

    def offer(self, mode: str = "sendrecv") -> str:
        """A description of the sound that a phone takes."""
        return sip.offer(self.address, self.media.getsockname()[1], mode)

    def request(
        self,
        leg: Leg,
        method: str,
        number: int,
        branch: str = "",
        extra: list[str] | None = None,
        body: str = "",
        kind: str = "application/sdp",
    ) -> None:
        """Sends a request of a leg."""
        lines = [
            f"{method} {leg.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};branch={branch or sip.new_branch()}",
            "Max-Forwards: 70",
            f"From: {leg.us}",
            f"To: {leg.them}",
            f"Call-ID: {leg.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{leg.user}@{self._here}>",
            "Supported: replaces",
            *(extra or []),
        ]
        self._send(lines, body, kind)

    def reply(self, leg: Leg, request: Message, status: str, body: str = "") -> None:
        """Answers a request of the PBX."""
        self._send(sip.reply(request, status, leg.tag, f"sip:{leg.user}@{self._here}"), body)

    # -- the reader ---------------------------------------------------------------------------------------

    def _send(self, lines: list[str], body: str, kind: str = "application/sdp") -> None:
        self._told.append(f"> {lines[0]}")
        self._socket.sendto(sip.written(lines, body, kind), self._there)

    def _read(self) -> None:
        while True:
            data = self._socket.recv(1 << 16)
            if self.closed.is_set():
                return
            message = Message(data)
            with self._changed:
                self._told.append(f"< {message.start}")
                self._take(message)
                self._changed.notify_all()

    def _take(self, message: Message) -> None:
        leg = self._legs.get(message["Call-ID"])
        if message.status is not None:
            if leg:
                leg.heard(message)
        elif leg is None:
            self._arrives(message)
        else:
            self._asked(leg, message)

    def _arrives(self, request: Message) -> None:
        leg = Leg(self, request.user, request["Call-ID"])
        if request.method != "INVITE":
            self.reply(leg, request, "200 OK" if request.method == "OPTIONS" else "481 No Such Call")
            return
        leg.invite, leg.target = request, request.target
        leg.us, leg.them = f"{request['To']};tag={leg.tag}", request["From"]
        leg.learn(request)
        self._legs[leg.call_id] = leg
        self._ringing.append(leg)
        self.reply(leg, request, "180 Ringing")

    def _asked(self, leg: Leg, request: Message) -> None:
        if request.method == "ACK":
            leg.state = ("up" if leg.refused is None else "over") if leg.state == "ringing" else leg.state
        elif request.method == "INVITE":
            if leg.state == "up":
                self.reply(leg, request, "200 OK", self.offer())
        else:
            self.reply(leg, request, "200 OK")
            if request.method == "CANCEL" and leg.state == "ringing" and leg.invite:
                self.reply(leg, leg.invite, "487 Request Terminated")
                leg.refused = 487
            if request.method == "NOTIFY" and "SIP/2.0 200" in request.body:
                leg.transferred = True
            if request.method in ("BYE", "CANCEL"):
                leg.state = "over"


def _bound(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    return made
