"""What the practices want of one PBX: which queues make which offer, and which keys they listen to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from textback.practice import CallToText, Practice


@dataclass(frozen=True, slots=True)
class QueueWish:
    """What holds in one queue, by the name that it has on the PBX."""

    name: str
    practice: str
    rules: CallToText


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that matters to one PBX.

    ``elsewhere``: what holds in queues that nobody names, the default practice's first, only where call_to_text is on.
    ``unplaced``: queues that are named without a PBX, and so are looked for on each.
    """

    queues: tuple[QueueWish, ...]
    elsewhere: tuple[CallToText, ...]
    unplaced: tuple[str, ...]

    @property
    def in_force(self) -> tuple[CallToText, ...]:
        """All rules under which a caller can ask for a text."""
        return (*self.elsewhere, *(queue.rules for queue in self.queues if queue.rules.enabled))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in use, that of most callers first."""
        return tuple(dict.fromkeys(rules.key for rules in self.in_force))

    @property
    def offers(self) -> frozenset[str]:
        """The kinds of offers that are made."""
        return frozenset(rules.offer for rules in self.in_force)


def wishes_for(pbx: str, practices: Sequence[Practice]) -> Wishes:
    """What ``practices`` want of the PBX with that name."""
    found: dict[str, Practice] = {}
    for names in (_ruled, _bare, _placed):  # who says it more exactly has the queue
        found.update({name: practice for practice in practices for name in names(practice, pbx)})
    queues = (
        QueueWish(name, practice.name, practice.call_to_text.for_queue(f"{pbx}/{name}"))
        for name, practice in sorted(found.items())
    )
    by_default = sorted((one for one in practices if _takes_more(one)), key=lambda one: not one.default)
    elsewhere = tuple(one.call_to_text for one in by_default if one.call_to_text.enabled)
    return Wishes(tuple(queues), elsewhere, _unplaced(practices, pbx))


def _takes_more(practice: Practice) -> bool:
    """Whether calls are its, too, that wait in a queue which it does not name."""
    return practice.default or any(line.dids for line in practice.lines)


def _bare(practice: Practice, pbx: str) -> Iterator[str]:
    return (queue for line in practice.lines for queue in line.queues if "/" not in queue)


def _placed(practice: Practice, pbx: str) -> Iterator[str]:
    return _on(pbx, (queue for line in practice.lines for queue in line.queues))


def _ruled(practice: Practice, pbx: str) -> Iterator[str]:
    """The queues that have rules of their own, as far as no line says where they are."""
    lined = {queue.rpartition("/")[2] for line in practice.lines for queue in line.queues}
    for name in practice.call_to_text.queue:
        if name.rpartition("/")[2] not in lined:
            yield from [name] if "/" not in name else _on(pbx, [name])


def _on(pbx: str, queues: Iterable[str]) -> Iterator[str]:
    for queue in queues:
        place, slash, name = queue.rpartition("/")
        if slash and place == pbx:
            yield name


def _unplaced(practices: Sequence[Practice], pbx: str) -> tuple[str, ...]:
    every: tuple[Callable[[Practice, str], Iterator[str]], ...] = (_bare, _ruled)
    bare = {name for practice in practices for names in every for name in names(practice, pbx)}
    placed = {name for practice in practices for name in _placed(practice, pbx)}
    return tuple(sorted(bare - placed))
