"""What the practices and the configuration want of one PBX, of whichever kind, and the files that say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from textback.config import Address, Config, Pbx
from textback.dialplans import DialplanError, Reach, Rendered
from textback.dialplans.wishes import QueueWish, Wishes, wishes_for
from textback.doctor.finding import Finding, failed, skipped
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

    @classmethod
    def of(cls, config: Config, pbx: Pbx, practices: Sequence[Practice], listen: Address | None) -> Self:
        """Nothing is rendered yet; ``listen``: where the hooks of that kind of PBX are, if they are."""
        wishes = wishes_for(pbx.name, practices)
        return cls(pbx, wishes, tuple(practices), len(config.pbx) == 1, has_hooks=listen is not None)

    def with_files(self, way: Callable[[], Reach], render: Callable[[Reach], Rendered]) -> Self:
        """The same with the way to the hooks and the files that name it, or with what is in the way of them."""
        try:
            found = way()
            return replace(self, way=found, rendered=render(found))
        except DialplanError as wrong:
            return replace(self, problem=str(wrong))

    @property
    def offering(self) -> tuple[QueueWish, ...]:
        """The queues that are named, and in which call_to_text is on."""
        return tuple(queue for queue in self.wishes.queues if queue.rules.enabled)

    @property
    def is_offering(self) -> bool:
        """Whether any caller there can ask for a text."""
        return bool(self.wishes.in_force)

    def without_dialplan(self, check: str) -> Finding | None:
        """Why the dialplan need not be looked into, or cannot be judged."""
        if not self.is_offering:
            return skipped(check, "call_to_text is off for this PBX, so nothing of ours has to be in its dialplan")
        return failed(check, self.problem) if self.problem else None
