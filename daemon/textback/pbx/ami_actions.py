"""What the daemon does on an Asterisk, a few actions at a time; what it may not do is said once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from textback.pbx import dialplan
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError
from textback.pbx.once import Once
from textback.pbx.wire import Headers

#: actions on their way at the same time
AT_ONCE = 20
#: the class that each action needs in the write line of manager.conf
RIGHTS = {
    **dict.fromkeys(("Redirect", "Setvar", "Hangup", "Status"), "call"),
    "ShowDialPlan": "reporting",
    "Originate": "originate",
}
#: what Asterisk answers about a channel that is gone
_GONE = ("no such channel", "does not exist")


class Actions:
    """Sends actions over ``session``; nothing is raised: what fails is logged once for each kind by ``once``."""

    def __init__(self, session: Session, once: Once, username: str) -> None:
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.once = once
        self._session = session
        self._username = username

    async def do(self, action: Mapping[str, str]) -> bool:
        """Whether the PBX did it."""
        async with self.slots:
            return await self.do_now(action)

    async def do_now(self, action: Mapping[str, str]) -> bool:
        """The same for somebody who holds one of the ``slots`` already."""
        try:
            answer = await self._session.ask(action)
        except LinkError as error:
            self._failed(action["Action"], str(error))
            return False
        if answer.get("Response") != "Success":
            self._failed(action["Action"], f"{action['Action']}: {answer.get('Message', 'no reason given')}")
            return False
        return True

    async def has(self, context: str) -> bool | None:
        """Whether the dialplan has that context of ours now; None if the PBX does not say."""
        async with self.slots:
            try:
                answer = await self._session.ask({"Action": "ShowDialPlan", "Context": context, "Extension": "s"})
            except LinkError as error:
                self._failed("ShowDialPlan", str(error))
                return None
        message = answer.get("Message", "").lower()
        if "permission" in message or "unknown command" in message:
            self._failed("ShowDialPlan", f"ShowDialPlan: {answer['Message']}")
            return None
        return answer.get("Response") == "Success"

    async def needs(self, context: str) -> bool:
        """The same, before a caller is sent there: if it is missing, that is said."""
        is_there = await self.has(context)
        if is_there is False:
            self.once.warn(context, f"nothing was done for a caller, since there is no [{context}]: {_INCLUDE}")
        return is_there is True

    async def look(self) -> None:
        """See which of our contexts are there; who has no use for them need not include them."""
        names = (dialplan.OFFER, dialplan.CONFIRM, dialplan.WHISPER)
        missing = [name for name in names if await self.has(name) is False]
        if missing:
            listed = "], [".join(missing)
            self.once.note("contexts", f"without [{listed}] nothing is told to callers who wait: {_INCLUDE}")

    async def channel(self, name: str) -> Headers | None:
        """What ``Status`` tells about a channel; None if it is gone."""
        async with self.slots:
            try:
                rows = await self._session.ask_list({"Action": "Status", "Channel": name})
            except LinkError as error:
                self._failed("Status", str(error))
                return None
        return next((row for row in rows if row.get("Event") == "Status"), None)

    def _failed(self, action: str, message: str) -> None:
        if not self._session.is_open:
            return  # the link tells that itself
        if "ermission" in message:
            right = RIGHTS.get(action, "all")
            user = f"the AMI user {self._username!r} may not {action}"
            self.once.warn(f"right {action}", f"{user}: add {right} to its write = line in manager.conf")
        elif "unknown command" in message:  # no whole Asterisk, but a simulated one
            self.once.note(f"failed {action}", message)
        elif not any(words in message.lower() for words in _GONE):
            self.once.warn(f"failed {action}", message)


_INCLUDE = (
    f'put #include "{dialplan.FILE}" into extensions.conf (FreePBX: extensions_custom.conf) and reload the dialplan'
)
