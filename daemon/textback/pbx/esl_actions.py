"""What the daemon does on a FreeSWITCH, a few commands at a time; what does not work is said once."""

from __future__ import annotations

import asyncio

from textback.pbx.errors import LinkError
from textback.pbx.esl_event import JsonEvent
from textback.pbx.esl_session import Session
from textback.pbx.esl_snapshot import Row, queue_rows
from textback.pbx.once import Once

#: commands on their way at the same time
AT_ONCE = 20
#: the context with the prompts of ours (dialplan/freeswitch); others of ours begin with it
CONTEXT = "textback"
#: what FreeSWITCH answers about a leg that is gone
_GONE = ("no such channel", "invalid uuid", "no such session")


class Actions:
    """Sends API commands over ``session``; nothing is raised: what fails is logged once for each kind by ``once``."""

    def __init__(self, session: Session, once: Once) -> None:
        self.once = once
        self._session = session
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def do(self, command: str) -> bool:
        """Whether the PBX did it."""
        return (await self.ask(command) or "").startswith("+OK")

    async def ask(self, command: str) -> str | None:
        """The answer; None if there is none, or an error."""
        verb = command.partition(" ")[0]
        try:
            async with self._slots:
                answer = await self._session.api(command)
        except LinkError as error:
            self._failed(verb, str(error))
            return None
        if answer.startswith("-"):
            self._failed(verb, f"{verb}: {answer[:100]}")
            return None
        return answer

    async def leg(self, uuid: str) -> JsonEvent | None:
        """All that is known of a leg; None if it is gone."""
        try:
            async with self._slots:
                dump = await self._session.api_json(f"uuid_dump {uuid} json")
        except LinkError as error:
            self._failed("uuid_dump", str(error))
            return None
        return JsonEvent(dump) if isinstance(dump, dict) else None

    async def queue(self, name: str) -> Row | None:
        """How mod_callcenter has a queue; None if it does not tell."""
        try:
            async with self._slots:
                found = await queue_rows(self._session, "queue list")
        except LinkError as error:
            self._failed("callcenter_config", str(error))
            return None
        return next((row for row in found if row.get("name") == name), None)

    async def has(self, extension: str, context: str = CONTEXT) -> bool | None:
        """Whether the dialplan has that extension of ours now; None if the PBX does not say."""
        try:
            async with self._slots:
                answer = await self._session.api(f"xml_locate dialplan context name {context}")
        except LinkError as error:
            self._failed("xml_locate", str(error))
            return None
        return f'"{extension}"' in answer

    async def needs(self, extension: str, context: str) -> bool:
        """The same, before a caller is sent there: whoever is sent where nothing is, is hung up on."""
        is_there = await self.has(extension, context)
        if is_there is False:
            self.once.warn(extension, f"nothing was done for a caller, since {context} has no {extension}: {_INCLUDE}")
        return is_there is True

    def _failed(self, verb: str, message: str) -> None:
        if self._session.is_open and not any(words in message.lower() for words in _GONE):
            self.once.warn(f"failed {verb}", message)


_INCLUDE = "put the files of dialplan/freeswitch into conf/dialplan and say reloadxml"
