"""A scripted Asterisk at the other end of an AGI session, which behaves as the real ones were measured to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

#: real seconds after which what never comes fails the test
PATIENCE = 10.0
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"
USAGE = (
    b"520-Invalid command syntax.  Proper usage follows:\n"
    b"Usage: SET VARIABLE <variablename> <value>\n\n 200 result=1\n"
    b"520 End of proper usage.\n"
)


def environment(script: str = "may-offer", args: Iterable[str] = (), **changed: str | None) -> list[tuple[str, str]]:
    """The lines of Asterisk 22, without ``agi_`` before their names; None takes one away."""
    lines: dict[str, str | None] = {
        "network": "yes",
        "network_script": script,
        "request": f"agi://127.0.0.1:4573/{script}",
        "channel": "PJSIP/trunk-00000095",
        "language": "en",
        "type": "PJSIP",
        "uniqueid": "1795282247.169",
        "version": "22.10.1+dfsg+~cs6.17.60671434-1",
        "callerid": "12025550143",
        "calleridname": "unknown",
        "callingpres": "0",
        "callingani2": "0",
        "callington": "0",
        "callingtns": "0",
        "dnid": "15551230140",
        "rdnis": "unknown",
        "context": "from-trunk",
        "extension": "15551230140",
        "priority": "2",
        "enhanced": "0.0",
        "accountcode": "",
        "threadid": "140452617606848",
        **changed,
        **{f"arg_{number}": arg for number, arg in enumerate(args, 1)},
    }
    return [(f"agi_{name}", value) for name, value in lines.items() if value is not None]


def header(lines: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in lines).encode() + b"\n"


def words(command: str) -> list[str]:
    """The arguments of a command, cut as ``parse_args`` of res/res_agi.c cuts them."""
    found: list[str] = []
    is_quoted = is_escaped = False
    between = True
    for letter in command:
        if letter == '"' and not is_escaped:
            is_quoted = not is_quoted
            if is_quoted and between:
                found.append("")
                between = False
        elif letter == "\\" and not is_escaped:
            is_escaped = True
        elif letter in " \t" and not is_quoted and not is_escaped:
            between = True
        else:
            if between:
                found.append("")
                between = False
            found[-1] += letter
            is_escaped = False
    return found


@dataclass
class FakeCall:
    """A caller whose dialplan runs AGI().

    ``keys``: what they press at each prompt that waits for one (None: nothing); ``entered``: the digits they key in.
    ``hangs_up_at``: the command during which they hang up; ``hangup``: how that is told, ``after`` or ``before`` the
    reply, ``never`` (AGISIGHUP=no), or ``exit`` (AGIEXITONHANGUP=yes). ``misunderstood``: commands answered by usage.
    """

    lines: list[tuple[str, str]] = field(default_factory=environment)
    keys: list[str | None] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    hangs_up_at: str = ""
    hangup: str = "after"
    misunderstood: str = ""
    commands: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    set: dict[str, str] = field(default_factory=dict)
    is_dead: bool = False

    async def run(self, port: int) -> FakeCall:
        """From the connect to the end of the connection."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(header(self.lines))
                await self._converse(reader, writer)
            finally:
                writer.close()
        return self

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                command = line.decode().removesuffix("\n")
                self.commands.append(command)
                if self.hangs_up_at and command.startswith(self.hangs_up_at) and not self.is_dead:
                    self.is_dead = True
                    writer.write(self._hung_up())
                    if self.hangup == "exit":
                        return
                else:
                    writer.write(self._reply(words(command)))
        except ConnectionError:
            return  # the other side has gone, as it may

    def _hung_up(self) -> bytes:
        reply = b"200 result=-1 endpos=3200\n"
        return {
            "after": reply + b"HANGUP\n",
            "before": b"HANGUP\n" + reply,
            "never": reply,
            "exit": reply + b"HANGUP\nHANGUP\n",
        }[self.hangup]

    def _reply(self, command: list[str]) -> bytes:
        name = " ".join(command[:2])
        if self.misunderstood and name.startswith(self.misunderstood):
            return USAGE
        if name == "SET VARIABLE" and len(command) == 4:
            self.set[command[2]] = self.variables[command[2]] = command[3]
            return b"200 result=1\n"
        if name == "GET VARIABLE":
            value = self.variables.get(command[2])
            return b"200 result=0\n" if value is None else f"200 result=1 ({value})\n".encode()
        if command[0] == "VERBOSE":
            return b"200 result=1\n"
        return DEAD if self.is_dead else self._on_the_line(name, command)

    def _on_the_line(self, name: str, command: list[str]) -> bytes:
        if name in ("GET OPTION", "STREAM FILE", "GET DATA"):
            return self._prompt(name, command[2], command[3])
        if name == "SAY DIGITS":
            self.heard.append(command[2])
        replies = {"ANSWER": b"200 result=0\n", "SAY DIGITS": b"200 result=0\n", "CHANNEL STATUS": b"200 result=6\n"}
        return replies.get(name, b"510 Invalid or unknown command\n")

    def _prompt(self, name: str, prompt: str, keys: str) -> bytes:
        if prompt in self.missing:
            return b"200 result=-1\n" if name == "GET DATA" else b"200 result=-1 endpos=0\n"
        self.heard.append(prompt)
        if name == "STREAM FILE":
            return b"200 result=0 endpos=7680\n"
        if name == "GET OPTION":
            key = self.keys.pop(0) if self.keys else None
            return f"200 result={ord(key) if key and key in keys else 0} endpos=17120\n".encode()
        digits = self.entered.pop(0) if self.entered else ""
        return f"200 result={digits}\n".encode() if digits else b"200 result= (timeout)\n"
