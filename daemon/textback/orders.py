"""What a PBX is asked to do for a caller who waits: to make the offer of a text, and to tell what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Order:
    """To be carried out at once or not at all: the next moment, the caller may be talking."""

    call_id: str
    queue: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class MakeOffer(Order):
    """The hold threshold is reached: offer a text for ``key``, by moving the caller to a prompt or where they wait."""

    how: Literal["redirect", "whisper"]
    key: str


@dataclass(frozen=True, slots=True)
class TellAnswer(Order):
    """A key that the link has seen was answered: the text is on its way (``refused`` is None), or why it is not.

    ``stays``: the caller goes on waiting after a text, too. Where the dialplan asked, it tells the answer itself.
    """

    refused: str | None
    stays: bool
