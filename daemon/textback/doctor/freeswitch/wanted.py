"""What the practices and the configuration want of one FreeSWITCH, and the files that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files as resources

from textback import shipped
from textback.config import Config, Pbx
from textback.dialplans import ESL, FREESWITCH_FILES, reach, render_freeswitch
from textback.dialplans.keys import SHIPPED_KEY
from textback.dialplans.wishes import QueueWish
from textback.doctor.wanted import Wanted as AnyWanted
from textback.practice import Practice


@dataclass(frozen=True, slots=True)
class Wanted(AnyWanted):
    """Of a FreeSWITCH."""

    @property
    def key(self) -> str:
        """The key where no queue is named."""
        return next(iter(self.wishes.keys), SHIPPED_KEY)

    @property
    def toml(self) -> str:
        """The table in textback.toml."""
        return f"textback.toml, [[pbx]] {self.pbx.name}"

    def is_trunk(self, channel: str) -> bool:
        """Whether a channel of that name comes from outside."""
        return any(fnmatchcase(channel, pattern) for pattern in self.pbx.trunks)

    def queue(self, name: str) -> QueueWish | None:
        """What practices want of a queue; None of one that none names."""
        return next((queue for queue in self.wishes.queues if queue.name == name), None)


def wanted(config: Config, pbx: Pbx, practices: Sequence[Practice], address: str | None = None) -> Wanted:
    """For one PBX of the configuration; ``address``: where it sees this computer."""
    listen = config.esl.listen if config.esl else None
    base = Wanted.of(config, pbx, practices, listen)
    return base.with_files(
        lambda: reach(pbx.name, pbx.host, listen, address, ESL),
        lambda way: render_freeswitch(dialplan_files(), pbx.name, pbx.language, way, practices, base.only_pbx),
    )


def dialplan_files() -> dict[str, str]:
    """The shipped files, from which those for one PBX are made."""
    folder = resources(shipped.package("dialplan")) / "freeswitch"
    return {name: (folder / name).read_text("utf-8") for name in FREESWITCH_FILES}


def is_near(pbx: Pbx) -> bool:
    """Whether the PBX is on this computer."""
    return pbx.host in ("localhost", "::1") or pbx.host.startswith("127.")
