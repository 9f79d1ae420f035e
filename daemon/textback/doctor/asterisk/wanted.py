"""What the practices and the configuration want of one Asterisk: queues, keys, offers, and the files that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources

from textback import shipped
from textback.config import Config, Pbx
from textback.dialplans import FILES, DialplanError, Reach, Rendered, reach, render
from textback.dialplans.wishes import QueueWish, Wishes, wishes_for
from textback.practice import Practice


@dataclass(frozen=True, slots=True)
class Wanted:
    """``problem``: why the files cannot be rendered, else ``rendered`` and ``way`` are there."""

    pbx: Pbx
    wishes: Wishes
    practices: tuple[Practice, ...]
    only_pbx: bool
    has_hooks: bool
    way: Reach | None = None
    rendered: Rendered | None = None
    problem: str | None = None

    @property
    def username(self) -> str:
        """The daemon's user of AMI."""
        return self.pbx.username or ""

    @property
    def offering(self) -> tuple[QueueWish, ...]:
        """The queues that are named, and in which call_to_text is on."""
        return tuple(queue for queue in self.wishes.queues if queue.rules.enabled)

    @property
    def is_offering(self) -> bool:
        """Whether any caller there can ask for a text."""
        return bool(self.wishes.in_force)

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
    wishes, only = wishes_for(pbx.name, practices), len(config.pbx) == 1
    listen = config.agi.listen if config.agi else None
    base = Wanted(pbx, wishes, tuple(practices), only, has_hooks=listen is not None)
    try:
        way = reach(pbx.name, pbx.host, listen, address)
        files = render(dialplan_files(), pbx.name, base.username, way, practices, only_pbx=only)
    except DialplanError as wrong:
        return Wanted(pbx, wishes, base.practices, only, base.has_hooks, problem=str(wrong))
    return Wanted(pbx, wishes, base.practices, only, base.has_hooks, way, files)


def dialplan_files() -> dict[str, str]:
    """The shipped files, from which those for one PBX are made."""
    folder = resources(shipped.package("dialplan")) / "asterisk"
    return {name: (folder / name).read_text("utf-8") for name in FILES}
