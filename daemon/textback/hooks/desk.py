"""The desk that the hooks turn to: what it is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Result = Literal["texted", "refused", "error"]
After = Literal["hangup", "stay"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a hook is asked about, as the PBX told it; ``practice``, ``queue`` and ``lang`` are the dialplan's words.

    ``pbx`` is None where the dialplan does not name it: ``uniqueid`` tells. ``withheld``: the number is not to be
    shown. ``tampered``: the caller's number forged lines, so nothing that stands here but ``uniqueid`` and
    ``channel`` is to be believed, and the caller is never texted.
    """

    pbx: str | None
    uniqueid: str
    channel: str
    number: str | None = None
    name: str | None = None
    did: str | None = None
    language: str | None = None
    practice: str | None = None
    queue: str | None = None
    lang: str | None = None
    withheld: bool = False
    tampered: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether a text may be offered, else the reason code; ``key``: the practice's, where it is known."""

    offer: bool
    reason: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request for a text, with the reason code."""

    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the person behind a number."""

    name: str | None = None
    verified: bool = False
    language: str | None = None
    opted_out: bool = False
    conversation: int | None = None


class Desk(Protocol):
    """What the hooks ask of the daemon.

    Each may raise, and is cancelled when its time is over (``Patience``): what was begun to be written then should
    still be finished, since a text that was granted too late is still a text.
    """

    async def may_offer(self, caller: Caller) -> Offer:
        """May this caller be offered a text?"""

    async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
        """The caller asks for a text, to ``number`` (digits as keyed in) if it is not their own."""

    async def no_answer(self, caller: Caller, why: str) -> bool:
        """Nobody will answer; ``why``: a QUEUESTATUS or DIALSTATUS, or what else the dialplan said, or ''.

        False if there is no such call.
        """

    async def handled(self, caller: Caller) -> bool:
        """The dialplan served the caller otherwise; False if there is no such call."""

    async def is_open(self, caller: Caller) -> bool:
        """Is the caller's practice open?"""

    async def about(self, caller: Caller) -> About:
        """Who is calling?"""

    async def after_text(self, caller: Caller) -> After:
        """What follows on a text: the end of the call, or the queue again."""
