"""A scripted FreeSWITCH at the other end of an outbound event socket, which behaves as the real one was recorded to.

``test_fake_freeswitch.py`` lays what it sends beside the recordings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.hooks import recorded

#: real seconds after which what never comes fails the test
PATIENCE = 10.0
UUID = "f4140651-7b74-44d4-9846-0c3735be0788"
#: what switch_url_encode leaves alone is what is neither in SWITCH_URL_UNSAFE nor beyond printable ASCII
_UNSAFE = frozenset(b'\r\n #%&+:;<=>?@[\\]^`{|}"')
_NOTHING = "-ERR command not found"
_GOODBYE = b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"


def encoded(text: str) -> str:
    """A value as FreeSWITCH writes it into channel data and plain events."""
    return "".join(chr(c) if 32 <= c <= 126 and c not in _UNSAFE else f"%{c:02X}" for c in text.encode())


def channel_data(headers: Mapping[str, str | None], variables: Mapping[str, str], mode: str = "async full") -> bytes:
    """The recorded reply to ``connect`` with these values in place of the recorded ones; None takes a line away."""
    changed = {**headers, **{f"variable_{name}": value for name, value in variables.items()}}
    changed["Socket-Mode"] = "async" if "async" in mode.split() else "static"
    changed["Control"] = "full" if "full" in mode.split() else "single-channel"
    lines = []
    for line in recorded.read(recorded.ASYNC).partition(b"\n\n")[0].decode().split("\n"):
        name = line.partition(": ")[0]
        value = changed.pop(name, line)
        if value is not None:
            lines.append(line if value == line else f"{name}: {encoded(value)}")
    at = next(place for place, line in enumerate(lines) if line.startswith("Content-Type: "))
    lines[at:at] = [f"{name}: {encoded(value)}" for name, value in changed.items() if value is not None]
    return "\n".join(lines).encode() + b"\n\n"


@dataclass
class FakeChannel:
    """A caller whose dialplan runs ``socket``.

    ``keys``: what they press at each prompt that waits for one (None: nothing); ``entered``: the digits they key in,
    where more than one is waited for. ``hangs_up_at``: the application during which they hang up.
    """

    hook: str = "may-offer"
    mode: str = "async full"
    keys: list[str | None] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)
    hangs_up_at: str = ""
    commands: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    set: dict[str, str] = field(default_factory=dict)
    is_dead: bool = False
    lingers: bool = False
    listens: bool = False
    #: whether our side said ``exit``, as it always should, and whether it was seen to be heard before, as it must be
    left: bool = False
    told_ends: int = 0

    @property
    def is_stuck(self) -> bool:
        """With async, a real one keeps the call for ever if the socket closes before it waits for commands."""
        return self.is_async and not self.told_ends and not self.is_dead

    async def run(self, port: int) -> FakeChannel:
        """From the connect to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await self._converse(reader, writer)
            finally:
                writer.close()
        return self

    @property
    def is_async(self) -> bool:
        return "async" in self.mode.split()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while command := await reader.readuntil(b"\n\n"):
                writer.write(self.answer(command.decode().removesuffix("\n\n")))
                if self.left or self.is_dead and not self.lingers:
                    writer.write(_notice("disconnect", _GOODBYE))
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the other side has gone, as it may

    def answer(self, command: str) -> bytes:
        """All that comes of one command, as it would lie on the wire."""
        self.commands.append(command)
        verb, _, rest = command.partition("\n")[0].partition(" ")
        if verb == "connect":
            return self.channel_data()
        if verb == "sendmsg":
            return self._sendmsg(dict(line.split(": ", 1) for line in command.split("\n")[1:]))
        return _reply(self._plain(verb, rest))

    def channel_data(self) -> bytes:
        """What FreeSWITCH knows of the channel."""
        state = {"Answer-State": "hangup", "Hangup-Cause": "NORMAL_CLEARING"} if self.is_dead else {}
        named = {"textback_hook": self.hook, **self.variables} if self.hook else self.variables
        return channel_data({"Unique-ID": UUID, **self.headers, **state}, named, self.mode)

    def _plain(self, verb: str, rest: str) -> str:
        if verb == "getvar":
            return self.variables.get(rest) or _NOTHING
        if verb == "myevents" and not self.listens:
            self.listens = True
            return "+OK Events Enabled"
        if verb == "exit":
            self.left = True
            return "+OK bye"
        if verb == "linger" and "full" in self.mode.split():
            self.lingers = True
            return "+OK will linger" + (f" {rest} seconds" if rest else "")
        return _NOTHING

    # -- applications ------------------------------------------------------------------------------------

    def _sendmsg(self, told: Mapping[str, str]) -> bytes:
        application, argument = told["execute-app-name"], told.get("execute-app-arg", "")
        if self.is_dead:
            return _reply("+OK")  # it is queued for a channel that runs nothing any more
        self.is_dead = application == self.hangs_up_at
        response = self._run(application, argument)
        ended = {
            "Application": application,
            **({"Application-Data": argument} if argument else {}),
            "Application-Response": response,
            "Application-UUID": told.get("Event-UUID", "28103fe2-f338-4f9a-93a7-e449a873d9f4"),
        }
        begun = {name: value for name, value in ended.items() if name != "Application-Response"}
        events = self._event("CHANNEL_EXECUTE", begun)
        if application == "answer":
            events += self._event("CHANNEL_ANSWER")
        return _reply("+OK") + events + self._after(ended)

    def _after(self, ended: Mapping[str, str]) -> bytes:
        """How the application ended; where the caller hung up, how the channel did."""
        complete = "CHANNEL_EXECUTE_COMPLETE"
        if not self.is_dead:
            self.told_ends += self.listens
            return self._event(complete, ended)
        response = ended["Application-Response"]
        socket = {"Application": "socket", "Application-Response": response, "Application-UUID": UUID}
        events = self._event("CHANNEL_HANGUP") + self._event(complete, ended) + self._event("CHANNEL_UNPARK")
        events += self._event(complete, socket) + 2 * self._event("CHANNEL_STATE")
        events += self._event("CHANNEL_HANGUP_COMPLETE")
        return events + (_notice("linger") if self.lingers else b"")

    def _run(self, application: str, argument: str) -> str:
        """What the application leaves behind, and Application-Response."""
        if application == "multiset":
            pairs = (pair.partition("=") for pair in argument.removeprefix("^^|").split("|"))
            told = {name: value for name, _, value in pairs}
            self.set |= told
            self.variables |= told
        elif application == "play_and_get_digits":
            self._collect(argument.split(" "))
        elif application == "playback":
            response = self._play(_prompt(argument))
            self.variables["current_application_response"] = response
            return response
        return "_none_"

    def _play(self, prompt: str) -> str:
        if prompt in self.missing:
            return "FILE NOT FOUND"
        if self.is_dead:
            return "PLAYBACK ERROR"
        self.heard.append(prompt)
        return "FILE PLAYED"

    def _collect(self, words: list[str]) -> None:
        most, prompt, variable = int(words[1]), _prompt(words[5]), words[7]
        for name in (variable, "read_result"):
            self.variables.pop(name, None)
        if prompt in self.missing or self.is_dead:
            return
        self.heard.append(prompt)
        said = self.keys if most == 1 else self.entered
        digits = (said.pop(0) if said else None) or ""
        self.variables["read_result"] = "success" if digits else "failure"
        if digits:
            self.variables[variable] = digits

    # -- events ------------------------------------------------------------------------------------------

    def _event(self, name: str, more: Mapping[str, str] | None = None) -> bytes:
        """An event as a subscriber gets it: what our side reads of it, and what may mislead it."""
        if not (self.listens and self.is_async):
            return b""
        dead = name == "CHANNEL_HANGUP" or self.is_dead
        state = {"Answer-State": "hangup", "Hangup-Cause": "NORMAL_CLEARING"} if dead else {"Answer-State": "answered"}
        variables = {f"variable_{name}": value for name, value in self.variables.items()}
        lines = {"Event-Name": name, "Unique-ID": UUID, **state, **variables, **(more or {})}
        body = "".join(f"{name}: {encoded(value)}\n" for name, value in lines.items()).encode() + b"\n"
        return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body) + body


def _reply(text: str) -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def _notice(disposition: str, body: bytes = b"") -> bytes:
    more = "Channel-Name: sofia/lab/+13055551401@127.0.0.1\nLinger-Time: -1\n" if disposition == "linger" else ""
    return (
        f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {UUID}\n"
        f"Content-Disposition: {disposition}\n{more}Content-Length: {len(body)}\n\n"
    ).encode() + body


def _prompt(file: str) -> str:
    """A sound file as the hooks name it: what lies in the folder of a language, without its ending."""
    named = file.strip("'")
    folder = named.find("/textback/")
    return named[folder + 1 :].removesuffix(".wav") if folder >= 0 else named
