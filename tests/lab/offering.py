"""A house whose queues offer texts, each in its own way, and whose daemon answers the hooks."""

from __future__ import annotations

import itertools
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .ami import Ami, Message
from .asterisk import PHONE_IP, TRUNK_IP, Asterisk
from .conftest import running
from .daemon import Daemon
from .hearing import Hearing
from .included import include_dialplan
from .leg import Leg
from .phones import Phones
from .ports import free_port
from .twilio import Twilio

#: seconds until a text is offered
AFTER = 1.0
#: queues by the last two digits of their numbers, with their rules: `on` and what [call_to_text.queue.NAME] says
_QUEUES: dict[str, dict[str, Any]] = {
    "moved": {"offer": "redirect"},
    "taken": {"offer": "redirect"},
    "quit": {"offer": "redirect"},
    "rung": {"offer": "redirect"},
    "heard": {"offer": "whisper"},
    "pressed": {"offer": "whisper"},
    "answered": {"offer": "whisper"},
    "stays": {"offer": "none", "after_text": "stay"},
    "refuses": {"offer": "none"},
    "keys": {"offer": "announce"},
    "keyless": {"offer": "announce"},
}
NUMBERS = {name: f"120255562{place:02}" for place, name in enumerate(_QUEUES)}
#: who answers in which queue
_AGENTS = {"rung": 301, "answered": 302}
#: the queues that are left by the key
_EXITS = ("keys", "keyless")

_EXTENSIONS = """
[from-trunk](+)
exten => _120255562XX,1,Answer()
 same => n,Gosub(textback-queue,s,1(${CUT(OFFERING,-,$[${EXTEN:-2}+1])},t))
 same => n,Hangup()
[globals]
OFFERING=@NAMES@
"""
_USERS = """
[voiced]
secret = @SECRET@
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = system,call,agent,dtmf,dialplan
write = call,agent,reporting,originate
eventfilter = ^Event: ([^NV]|New[^e])
eventfilter = ^Event: VarSet.*Variable: (QUEUESTATUS|DIALSTATUS|VMSTATUS)
eventfilter = ^Event: Newexten.*Application: (Queue|VoiceMail)

[voiceless](voiced)
write = call,agent,reporting
"""

_callers = itertools.count(12025561101)


@dataclass
class Visitor:
    """Somebody who has called in, and what an observer sees of them."""

    leg: Leg
    ami: Ami
    number: str
    uniqueid: str
    channel: str

    def events(self, *names: str, **headers: str) -> list[Message]:
        return self.ami.events(*names, Uniqueid=self.uniqueid, **headers)

    def nth(self, times: int, name: str, **headers: str) -> Message:
        """The event that comes for the nth time."""
        self.ami.wait(lambda _: len(self.events(name, **headers)) >= times, what=f"{name} {headers} no. {times}")
        return self.events(name, **headers)[times - 1]

    def joins(self, times: int) -> Message:
        return self.nth(times, "QueueCallerJoin")

    def whispers(self, times: int = 1) -> Message:
        """The event that tells that a prompt is played to them where they wait."""
        began = partial(self.ami.events, "ChanSpyStart", SpyeeUniqueid=self.uniqueid)
        self.ami.wait(lambda _: len(began()) >= times, what=f"whisper no. {times} to {self.number}")
        return began()[times - 1]

    def whispered(self, times: int = 1) -> Message:
        """The event that tells that it is over."""
        return self.ami.wait_event("ChanSpyStop", SpyerUniqueid=self.whispers(times)["SpyerUniqueid"])


@dataclass
class Town:
    """The PBX, the daemon, and the people who call."""

    asterisk: Asterisk
    daemon: Daemon
    twilio: Twilio
    ami: Ami
    outside: Phones
    desks: Phones
    hearing: Hearing

    def waiting(self, queue: str, number: str = "") -> Visitor:
        """Somebody calls, and waits in that queue now; `anonymous` hides the number."""
        user = number or str(next(_callers))
        known = {event["Uniqueid"] for event in self.ami.events("Newchannel")}
        leg = self.outside.call(user, NUMBERS[queue])
        first = self.ami.wait(
            lambda m: m.get("Event") == "Newchannel" and m["Uniqueid"] not in known and m["Context"] == "from-trunk"
        )
        visitor = Visitor(leg, self.ami, user, first["Uniqueid"], first["Channel"])
        visitor.joins(1)
        leg.wait("up")
        return visitor

    def row(self, visitor: Visitor, **wanted: Any) -> dict[str, Any]:
        """The call in the log, once it is as wanted."""
        return self.daemon.wait_row(f"+{visitor.number}", **wanted)

    def texts(self, visitor: Visitor) -> int:
        """How many texts were sent to that caller."""
        return len(self.twilio.posts_to(f"+{visitor.number}"))


@contextmanager
def town_of(wanted: str, folder: Path, user: str) -> Iterator[Town]:
    """An Asterisk with our dialplan, and a daemon that is logged in as that user."""
    port = free_port()
    for asterisk in running(wanted, partial(_prepare, agi_port=port)):
        with (
            Twilio() as twilio,
            Daemon(folder, asterisk, twilio.url, user=user, agi_port=port) as daemon,
            asterisk.connect() as ami,
            Phones(asterisk.sip_port, PHONE_IP, asterisk.desk_port) as desks,
            Phones(asterisk.sip_port, TRUNK_IP, asterisk.trunk_port) as outside,
            Hearing(outside) as hearing,
        ):
            daemon.apply(
                call_to_text__after=AFTER, call_to_text__queue=_QUEUES, abandoned__min_hold=0.1, guards__settle=0.5,
                guards__per_prefix=100,
            )
            daemon.start()
            yield Town(asterisk, daemon, twilio, ami, outside, desks, hearing)


def _prepare(asterisk: Asterisk, agi_port: int) -> None:
    include_dialplan(asterisk, agi_port, agi_port)
    etc = asterisk.home / "etc"
    _append(etc / "extensions.conf", _EXTENSIONS.replace("@NAMES@", "-".join(_QUEUES)))
    _append(etc / "manager.conf", _USERS.replace("@SECRET@", asterisk.secret))
    _append(etc / "queues.conf", "".join(map(_queue, _QUEUES)))
    _add_soft_music(asterisk)


def _queue(name: str) -> str:
    exits = "context = textback-keys\n" if name in _EXITS else ""
    agents = f"member => PJSIP/{_AGENTS[name]}\n" if name in _AGENTS else ""
    return f"\n[{name}](waiting)\nmusicclass = soft\n{exits}{agents}"


def _add_soft_music(asterisk: Asterisk) -> None:
    """Music of which nothing is heard, so that it can be told which prompts are played over it."""
    folder = asterisk.home / "soft"
    folder.mkdir()
    with wave.open(str(folder / "soft.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 30))
    inside = f"/{folder.relative_to(asterisk.root)}"
    _append(asterisk.home / "etc/musiconhold.conf", f"\n[soft]\nmode = files\ndirectory = {inside}\n")


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
