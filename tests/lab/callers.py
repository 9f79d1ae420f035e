"""People on the lab's lines: SIPp processes that call in over the trunk, or sit at a phone."""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from .asterisk import PHONE_IP, TRUNK_IP, Asterisk, LabError
from .ports import free_port, is_bound

SUPPORT = "12025550110"
SALES = "12025550111"
SUPPORT_THEN_VOICEMAIL = "12025550112"
CLOSED_QUEUE = "12025550113"
DESK_201 = "12025550120"
DESK_202 = "12025550121"
DESK_WITHOUT_PHONE = "12025550122"
RING_GROUP = "12025550130"
RING_GROUP_OF_LOCALS = "12025550131"
DESK_THEN_VOICEMAIL = "12025550140"

_SCENARIOS = Path(__file__).parent / "sipp"
_FOR_EVER = 3_600.0
# Asterisk sends more than one 180: only an unexpected message must not end a call
_BEHAVIOUR = ("-default_behaviors", "all,-abortunexp", "-nostdin")
_READY_LIMIT = 10.0


class Sipp:
    """One SIPp process with a folder of its own; everything it listens on is loopback."""

    def __init__(
        self, asterisk: Asterisk, scenario: str, values: dict[str, str], address: str, port: int, calls: int
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"{scenario}-", dir=asterisk.home / "people"))
        self.address = address
        self.port = port
        script = self._folder / "scenario.xml"
        script.write_text(_rendered(scenario, values), encoding="utf-8")
        media = free_port(socket.SOCK_DGRAM, address, span=4)
        control = free_port(socket.SOCK_DGRAM)
        self._command = [
            "setpriv", "--pdeathsig", "KILL", "sipp", f"127.0.0.1:{asterisk.sip_port}", "-sf", str(script),
            "-i", address, "-p", str(port), "-mi", address, "-mp", str(media),
            "-ci", "127.0.0.1", "-cp", str(control), *_BEHAVIOUR,
            "-trace_err", "-error_file", str(self._folder / "errors"),
            "-trace_msg", "-message_file", str(self._folder / "sip"),
        ]  # fmt: skip
        if calls:
            self._command += ["-m", str(calls)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Starts it."""
        with open(self._folder / "screen", "wb") as screen:
            self._process = subprocess.Popen(
                [*self._command, *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )

    def wait(self, timeout: float = 60.0) -> None:
        """Waits until its call is over; LabError with what SIPp says if the call went otherwise than the scenario."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise LabError(f"the call did not end within {timeout:g} s\n{self.sip()}") from late
        if status:
            raise LabError(f"SIPp ended with {status}: {self._said('errors')} {self._said('screen')}\n{self.sip()}")

    def wait_listening(self) -> None:
        """Waits until its SIP port is open."""
        assert self._process is not None
        deadline = time.monotonic() + _READY_LIMIT
        while not is_bound(self.address, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise LabError(f"SIPp did not start: {self._said('screen')} {self._said('errors')}")
            time.sleep(0.01)  # the kernel's table can only be asked

    def end(self) -> None:
        """Ends it if it still runs."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def sip(self) -> str:
        """Returns the SIP messages it sent and received."""
        return self._said("sip")

    def _said(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(errors="replace")[-2000:] if file.exists() else ""


class Callers:
    """Starts callers and phones for one Asterisk and ends them all at the end."""

    def __init__(self, asterisk: Asterisk) -> None:
        self._asterisk = asterisk
        self._started: list[Sipp] = []

    def __enter__(self) -> Callers:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends whoever is still there."""
        while self._started:
            self._started.pop().end()

    def call(self, number: str, dialled: str, *, stays: float | None = None, name: str | None = None) -> Sipp:
        """Calls in over the trunk; once the PBX has answered hangs up after `stays` seconds (None: the PBX has to)."""
        return self._place("caller", TRUNK_IP, _sender(number, TRUNK_IP, name), dialled, stays)

    def call_and_give_up(self, number: str, dialled: str, *, after: float, name: str | None = None) -> Sipp:
        """Calls in over the trunk and takes the call back after it has rung unanswered for `after` seconds."""
        return self._place("quitter", TRUNK_IP, _sender(number, TRUNK_IP, name), dialled, after)

    def call_from_desk(self, desk: str, dialled: str, *, stays: float | None = None) -> Sipp:
        """Calls from a phone of the house ("desk201"): another phone, or a number outside."""
        return self._place("caller", PHONE_IP, _sender(desk, PHONE_IP, None), dialled, stays)

    def phone(self, name: str, *, answers_after: float | None, talks: float | None = None) -> Sipp:
        """Puts somebody at a phone who answers every call (None: lets it ring) and hangs up after `talks` seconds."""
        values = {"RING": _milliseconds(answers_after), "TALK": _milliseconds(talks)}
        return self._sit("phone", values, PHONE_IP, self._asterisk.phone_ports[name])

    def busy_phone(self, name: str) -> Sipp:
        """Puts a phone there that refuses every call as busy."""
        return self._sit("busy", {}, PHONE_IP, self._asterisk.phone_ports[name])

    def world(self, *, answers_after: float | None, talks: float | None = None) -> Sipp:
        """Puts somebody outside, who is called over the trunk."""
        values = {"RING": _milliseconds(answers_after), "TALK": _milliseconds(talks)}
        return self._sit("phone", values, TRUNK_IP, self._asterisk.trunk_port)

    def _place(self, scenario: str, address: str, sender: str, dialled: str, stays: float | None) -> Sipp:
        values = {"FROM": sender, "STAY": _milliseconds(stays)}
        sipp = Sipp(self._asterisk, scenario, values, address, free_port(socket.SOCK_DGRAM, address), calls=1)
        self._started.append(sipp)
        sipp.start("-s", dialled)
        return sipp

    def _sit(self, scenario: str, values: dict[str, str], address: str, port: int) -> Sipp:
        if is_bound(address, port):
            raise LabError("somebody sits at that phone already")
        sipp = Sipp(self._asterisk, scenario, values, address, port, calls=0)
        self._started.append(sipp)
        sipp.start()
        sipp.wait_listening()
        return sipp


def forged_number(uniqueid: str) -> str:
    """Returns a caller number that Asterisk 16 and 22 show in AMI as a whole `Hangup` event of that channel."""
    lines = ("1", "", "Event: Hangup", "Privilege: call,all", f"Uniqueid: {uniqueid}", "")
    number = "\r\n".join(lines)
    assert len(number) <= 79, "Asterisk cuts the number there"
    return quote(number, safe="")


def _sender(number: str, address: str, name: str | None) -> str:
    shown = "" if name is None else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '
    return f"{shown}<sip:{number}@{address}>"


def _milliseconds(seconds: float | None) -> str:
    return str(round((_FOR_EVER if seconds is None else seconds) * 1000))


def _rendered(scenario: str, values: dict[str, str]) -> str:
    text = (_SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
    return re.sub("@([A-Z]+)@", lambda found: values[found[1]], text)
