"""One call at one phone of phones.py: what somebody at the phone does, and what becomes of the call."""

from __future__ import annotations

import itertools
import re
import secrets
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from .asterisk import LabError
from .sip import EOL, Message

if TYPE_CHECKING:
    from .phones import Phones

PATIENCE = 20.0


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
            self.ask("INFO", f"Signal={key}{EOL}Duration=100{EOL}", kind="application/dtmf-relay")

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

    @property
    def sound_from(self) -> int | None:
        """The port of the PBX that sends this call's sound."""
        return self._media[1] if self._media else None

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
