"""Phones in Python, for what SIPp cannot do: every step when the test wants it, several calls at one phone.

As much of RFC 3261, 3515 (REFER) and 3891 (Replaces) as the lab needs on loopback, where no datagram is lost.
"""

from __future__ import annotations

import itertools
import re
import secrets
import socket
import threading
from collections.abc import Callable
from urllib.parse import quote

from .asterisk import LabError

PATIENCE = 20.0
_EOL = "\r\n"


class Message:
    """A SIP request or response as it was received."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition(_EOL * 2)
        self.start, *self.lines = head.split(_EOL)
        number, self.method = self["CSeq"].split()
        self.cseq = int(number)

    def __getitem__(self, name: str) -> str:
        return self.all(name)[0]

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        pairs = (line.partition(":") for line in self.lines)
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]

    @property
    def status(self) -> int | None:
        """The code of a response."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else None

    @property
    def user(self) -> str:
        """Whom a request is for."""
        return self.start.split()[1].removeprefix("sip:").partition("@")[0]

    @property
    def target(self) -> str:
        """Where requests within the call go from now on."""
        return self["Contact"].partition("<")[2].partition(">")[0]


class Leg:
    """One call at one phone; `state` goes from `ringing` to `up` to `over`."""

    def __init__(self, phones: Phones, user: str, call_id: str) -> None:
        self.phones = phones
        self.user = user
        self.call_id = call_id
        self.dialled = ""
        self.state = "ringing"
        self.refused: int | None = None
        self.transferred = False
        self.tag = secrets.token_hex(4)
        self.us = self.them = self.target = self.branch = ""
        self.invite: Message | None = None
        self._numbers = itertools.count(1)
        self._answers: list[Message] = []
        self._media: tuple[str, int] | None = None

    # -- what somebody at the phone does ------------------------------------------------------------------

    def answer(self) -> Leg:
        """Picks up, and returns once the PBX has heard of it."""
        self.pick_up()
        return self.wait("up")

    def pick_up(self) -> None:
        """Picks up, whatever the PBX does meanwhile."""
        assert self.invite is not None
        self.phones.reply(self, self.invite, "200 OK", self.phones.offer())

    def refuse(self, why: str = "486 Busy Here") -> None:
        """Does not take the call."""
        assert self.invite is not None
        self.refused = int(why.split()[0])
        self.phones.reply(self, self.invite, why)

    def hang_up(self) -> None:
        """Ends the call, or takes it back if nobody has answered; returns once the PBX knows."""
        if self.state == "over":
            raise LabError(f"{self.user}: the PBX has ended the call already\n{self.phones.told()}")
        if self.state == "up":
            self.ask("BYE")
        elif self.invite is None:
            self.phones.request(self, "CANCEL", 1, self.branch)
        else:
            self.refuse("480 Temporarily Unavailable")
        self.wait("over")

    def hold(self) -> None:
        """Puts the other side on hold."""
        self.ask("INVITE", self.phones.offer("sendonly"))

    def resume(self) -> None:
        """Takes the other side back from hold."""
        self.ask("INVITE", self.phones.offer())

    def press(self, keys: str) -> None:
        """Presses keys, by SIP INFO."""
        for key in keys:
            self.ask("INFO", f"Signal={key}{_EOL}Duration=100{_EOL}", kind="application/dtmf-relay")

    def transfer(self, extension: str) -> None:
        """Sends the other side to an extension, without asking there (REFER)."""
        self.ask("REFER", refer_to=f"<sip:{extension}@{self.phones.pbx}>")

    def transfer_to(self, consult: Leg) -> None:
        """Connects the other side with whoever is at the other end of another call of this phone."""
        remote = re.search("tag=([^;>]+)", consult.them)
        assert remote is not None
        replaces = quote(f"{consult.call_id};to-tag={remote[1]};from-tag={consult.tag}", safe="")
        self.ask("REFER", refer_to=f"<{consult.target}?Replaces={replaces}>")
        self.phones.wait(lambda: self.transferred, PATIENCE, f"{self.user}: word that the transfer is done")
        self.hang_up()

    def speak(self) -> Leg:
        """Sends silence, as every real phone does, until the call is over; Asterisk does some things only then."""
        threading.Thread(target=self._speak, name="speech", daemon=True).start()
        return self

    # -- what becomes of the call -------------------------------------------------------------------------

    def wait(self, state: str, timeout: float = PATIENCE) -> Leg:
        """Waits until the call is in that state."""
        self.phones.wait(lambda: self.state in (state, "over"), timeout, f"{self.user}: a call that is {state}")
        if self.state != state:
            raise LabError(f"{self.user}: the call is over ({self.refused}), not {state}\n{self.phones.told()}")
        return self

    def ask(self, method: str, body: str = "", kind: str = "application/sdp", refer_to: str = "") -> Message:
        """Sends a request within the call and returns its final answer, which must be a good one."""
        number = next(self._numbers) + 100
        extra = [f"Refer-To: {refer_to}", f"Referred-By: <sip:{self.user}@{self.phones.address}>"] if refer_to else []
        self.phones.request(self, method, number, extra=extra, body=body, kind=kind)
        found: list[Message] = []

        def answered() -> bool:
            found[:] = [m for m in self._answers if m.cseq == number and (m.status or 0) >= 200]
            return bool(found)

        self.phones.wait(answered, PATIENCE, f"{self.user}: an answer to {method}")
        if (found[0].status or 0) >= 300:
            raise LabError(f"{self.user}: {method} got {found[0].start}\n{self.phones.told()}")
        return found[0]

    # -- what the PBX says --------------------------------------------------------------------------------

    def heard(self, message: Message) -> None:
        """Takes a response; called by the reader."""
        status = message.status or 0
        self._answers.append(message)
        if message.method == "INVITE" and status >= 200:
            self._final(message, status)
        elif message.method == "BYE" and status >= 200:
            self.state = "over"

    def _final(self, message: Message, status: int) -> None:
        self.them = message["To"]
        if status < 300:
            self.target = message.target
            self.learn(message)
            self.state = "up" if self.state == "ringing" else self.state
            self.phones.request(self, "ACK", message.cseq)
        else:
            self.phones.request(self, "ACK", message.cseq, self.branch)
            if self.state == "ringing":
                self.state, self.refused = "over", status

    def learn(self, message: Message) -> None:
        """Notes where the PBX wants the sound."""
        port, address = re.search(r"m=audio (\d+)", message.body), re.search(r"c=IN IP4 (\S+)", message.body)
        if port and address:
            self._media = (address[1], int(port[1]))

    def _speak(self) -> None:
        silence, source = b"\xff" * 160, secrets.token_bytes(4)
        for number in itertools.count():
            if self.state == "over" or self.phones.closed.wait(0.02):
                return
            if self._media and self.state == "up":
                head = b"\x80\x00" + (number & 0xFFFF).to_bytes(2, "big") + (number * 160).to_bytes(4, "big")
                self.phones.media.sendto(head + source + silence, self._media)


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
        leg.branch = _branch()
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
        port = self.media.getsockname()[1]
        lines = ["v=0", f"o=- 1 {secrets.randbelow(1 << 30)} IN IP4 {self.address}", "s=-", f"c=IN IP4 {self.address}"]
        lines += ["t=0 0", f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a={mode}"]
        return "".join(line + _EOL for line in lines)

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
            f"Via: SIP/2.0/UDP {self._here};branch={branch or _branch()}",
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
        to = request["To"] if "tag=" in request["To"] else f"{request['To']};tag={leg.tag}"
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in request.all("Via")),
            f"From: {request['From']}",
            f"To: {to}",
            f"Call-ID: {leg.call_id}",
            f"CSeq: {request['CSeq']}",
            f"Contact: <sip:{leg.user}@{self._here}>",
            "Allow: INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, INFO",
            "Supported: replaces",
        ]
        self._send(lines, body, "application/sdp")

    # -- the reader ---------------------------------------------------------------------------------------

    def _send(self, lines: list[str], body: str, kind: str) -> None:
        self._told.append(f"> {lines[0]}")
        head = [*lines, *([f"Content-Type: {kind}"] if body else []), f"Content-Length: {len(body.encode())}"]
        self._socket.sendto((_EOL.join(head) + _EOL * 2 + body).encode(), self._there)

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


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(6)}"
