"""What the practices and the configuration want of one Asterisk: queues, keys, offers, and the files that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources

from textback import shipped
from textback.config import Config, Pbx
from textback.dialplans import FILES, reach, render
from textback.doctor.wanted import Wanted as AnyWanted
from textback.practice import Practice


@dataclass(frozen=True, slots=True)
class Wanted(AnyWanted):
    """Of an Asterisk."""

    @property
    def username(self) -> str:
        """The daemon's user of AMI."""
        return self.pbx.username or ""

    @property
    def read(self) -> tuple[str, ...]:
        """The classes of events that the daemon needs."""
        return ("system", "call", "agent", "dtmf", "dialplan")

    @property
    def write(self) -> tuple[str, ...]:
        """The classes of actions that it needs."""
        return ("call", "agent", "reporting", *(["originate"] if "whisper" in self.wishes.offers else []))


def wanted(config: Config, pbx: Pbx, practices: Sequence[Practice], address: str | None = None) -> Wanted:
    """For one PBX of the configuration; ``address``: where it sees this computer."""
    listen = config.agi.listen if config.agi else None
    base = Wanted.of(config, pbx, practices, listen)
    return base.with_files(
        lambda: reach(pbx.name, pbx.host, listen, address),
        lambda way: render(dialplan_files(), pbx.name, base.username, way, practices, only_pbx=base.only_pbx),
    )


def dialplan_files() -> dict[str, str]:
    """The shipped files, from which those for one PBX are made."""
    folder = resources(shipped.package("dialplan")) / "asterisk"
    return {name: (folder / name).read_text("utf-8") for name in FILES}
