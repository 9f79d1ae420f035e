"""One leg on a FreeSWITCH, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

from textback.pbx.channel import Channel


@dataclass(slots=True)
class Leg(Channel):
    """What only FreeSWITCH tells, or needs to be remembered there; times in seconds since the epoch."""

    is_inbound: bool = False
    #: the number it shows and the number it calls, as they were when it was made: both are overwritten later
    number: str | None = None
    destination: str | None = None
    made_at: float = 0.0
    is_answered: bool = False
    #: the leg that had this one made
    origin: str | None = None
    sip_call_id: str | None = None
    #: its side, or the PBX, has hung up; what was true then is what counts
    ended_at: float | None = None
    #: how FreeSWITCH says that the last attempt to reach somebody for it ended
    tried: str | None = None
    #: the last key that was pressed while it waits in a queue
    key: str | None = None
    voicemail_told: bool = False
    #: it rings for somebody who holds a caller meanwhile, to consult
    consults_for: str | None = None
    #: the bridge that it has left to consult, and will be back in
    aside: str | None = None

    @property
    def device(self) -> str:
        """``sofia/internal/1001@127.0.0.1:5071`` -> ``1001``: who that is, in a word."""
        return self.name.rpartition("/")[2].partition("@")[0]
