"""What the practices and the configuration want of one FreeSWITCH, and the files that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files as resources

from textback import shipped
from textback.config import Config, Pbx
from textback.dialplans import ESL, FREESWITCH_FILES, DialplanError, Reach, Rendered, reach, render_freeswitch
from textback.dialplans.keys import SHIPPED_KEY
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
    def offering(self) -> tuple[QueueWish, ...]:
        """The queues that are named, and in which call_to_text is on."""
        return tuple(queue for queue in self.wishes.queues if queue.rules.enabled)

    @property
    def is_offering(self) -> bool:
        """Whether any caller there can ask for a text."""
        return bool(self.wishes.in_force)

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
    wishes, only = wishes_for(pbx.name, practices), len(config.pbx) == 1
    listen = config.esl.listen if config.esl else None
    base = Wanted(pbx, wishes, tuple(practices), only, has_hooks=listen is not None)
    try:
        way = reach(pbx.name, pbx.host, listen, address, ESL)
        files = render_freeswitch(dialplan_files(), pbx.name, pbx.language, way, practices, only)
    except DialplanError as wrong:
        return Wanted(pbx, wishes, base.practices, only, base.has_hooks, problem=str(wrong))
    return Wanted(pbx, wishes, base.practices, only, base.has_hooks, way, files)


def dialplan_files() -> dict[str, str]:
    """The shipped files, from which those for one PBX are made."""
    folder = resources(shipped.package("dialplan")) / "freeswitch"
    return {name: (folder / name).read_text("utf-8") for name in FREESWITCH_FILES}


def is_near(pbx: Pbx) -> bool:
    """Whether the PBX is on this computer."""
    return pbx.host in ("localhost", "::1") or pbx.host.startswith("127.")
