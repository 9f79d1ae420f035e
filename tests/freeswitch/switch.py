"""A real FreeSWITCH on this machine, by its event socket: what the tests ask of it, and callers for it.

It wants nothing configured for it but SIP on loopback: callers are phones of the tests' own that it rings and sends
into the dialplan, and that dialplan is put beside its own while the tests run.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.lab.asterisk import LabError
from tests.lab.leg import Leg
from tests.lab.phones import Phones

ADDRESS = os.environ.get("TEXTBACK_FREESWITCH", "")
WHY_NOT = "no real FreeSWITCH at hand: TEXTBACK_FREESWITCH=host:port:password names one"
PATIENCE = 10.0
#: each caller has another one, so that no test finds the calls of another
_numbers = itertools.count(2025550000 + secrets.randbelow(9000))
LOOPBACK = "127.0.0.1"

needs_freeswitch = pytest.mark.skipif(not ADDRESS, reason=WHY_NOT)


class Switch:
    """One FreeSWITCH."""

    def __init__(self) -> None:
        host, port, self.password = ADDRESS.split(":", 2)
        self.address = (host, int(port))
        profiles = re.findall(r"(\S+)\s+profile\s+sip:\S+@([0-9.]+):(\d+)\s+RUNNING", self.api("sofia status"))
        near = [(name, int(port)) for name, address, port in profiles if address == LOOPBACK]
        if not near:
            pytest.skip(f"the FreeSWITCH at {host} has no SIP profile on {LOOPBACK}")
        self.profile, self.sip_port = near[0]

    def api(self, command: str) -> str:
        """What a command answers."""
        with self._talk(f"api {command}") as answers:
            return _frame(answers).decode("utf-8", "replace").strip()

    @contextmanager
    def _talk(self, command: str) -> Iterator[BinaryIO]:
        """What comes after a command of the event socket."""
        with socket.create_connection(self.address, timeout=PATIENCE) as connection:
            answers = connection.makefile("rb")
            for said in (f"auth {self.password}", command):
                _frame(answers)
                connection.sendall(f"{said}\n\n".encode())
            yield answers

    def press(self, leg: Leg, keys: str) -> None:
        """A caller presses keys; returns once FreeSWITCH has given each to what the caller is in."""
        uuid = self.uuid(leg)
        with self._talk("event plain DTMF") as answers:
            _frame(answers)
            leg.press(keys)
            for key in keys:
                while not {f"Unique-ID: {uuid}", f"DTMF-Digit: {key}"} <= set(_frame(answers).decode().splitlines()):
                    continue

    @contextmanager
    def dialplan(self, name: str, text: str) -> Iterator[None]:
        """Some XML beside the dialplan that is there, until the end."""
        path = Path(self.api("global_getvar conf_dir")) / "dialplan" / f"{name}.xml"
        before = path.read_text(encoding="utf-8") if path.exists() else None
        try:
            path.write_text(text, encoding="utf-8")
            self.api("reloadxml")
            yield
        finally:
            if before is None:
                path.unlink()
            else:
                path.write_text(before, encoding="utf-8")
            self.api("reloadxml")

    def call(self, phones: Phones, into: str, **variables: str) -> Leg:
        """Somebody with a number of their own, in the dialplan at ``into``, as `originate` takes it."""
        number = f"+1{next(_numbers)}"
        told = {"origination_caller_id_number": number, "ignore_early_media": "true", **variables}
        words = ",".join(f"{name}='{value}'" for name, value in told.items())
        port = phones._socket.getsockname()[1]
        self.api(f"bgapi originate {{{words}}}sofia/{self.profile}/{number}@{LOOPBACK}:{port} {into}")
        return phones.rings(number).answer().speak()

    def uuid(self, leg: Leg) -> str:
        """The channel of a caller."""
        return until(lambda: _columns(self.api(f"show channels like {leg.user}")), f"a channel of {leg.user}")[0]

    def variable(self, uuid: str, name: str) -> str:
        """A channel variable, '' if it is not set."""
        told = self.api(f"uuid_getvar {uuid} {name}")
        return "" if told == "_undef_" else told

    def place(self, queue: str, leg: Leg) -> dict[str, str] | None:
        """The caller's place in a queue, None if they have none."""
        rows = self.api(f"callcenter_config queue list members {queue}").splitlines()
        names = rows[0].split("|")
        for row in rows[1:]:
            found = dict(zip(names, row.split("|"), strict=False))
            if found.get("cid_number") == leg.user and found.get("state") in ("Waiting", "Trying"):
                return found
        return None


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE):  # type: ignore[no-untyped-def]
    """What the condition gives once it gives anything: a PBX can only be asked again and again."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not come within {patience:g} s")
        time.sleep(0.02)
    return found


def _columns(listing: str) -> list[str]:
    """The first column of what ``show channels`` lists."""
    rows = [line for line in listing.splitlines() if re.match(r"[0-9a-f]{8}-", line)]
    return [row.partition(",")[0] for row in rows]


def _frame(answers: BinaryIO) -> bytes:
    """The body of one answer."""
    size = 0
    while line := answers.readline().strip():
        name, _, value = line.partition(b": ")
        size = int(value) if name == b"Content-Length" else size
    return bytes(answers.read(size))
