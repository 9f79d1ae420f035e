"""Whether a queue that a practice names is on the PBX under that name."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from textback.dialplans.wishes import QueueWish, Wishes
from textback.doctor.finding import Finding, failed, ok, warning

#: names that are told where none is near
_SHOWN = 20


def examine_name(check: str, queue: QueueWish, known: Collection[str], wishes: Wishes, only_pbx: bool) -> Finding:
    """``known``: the queues of the PBX; ``only_pbx``: there is no other where the queue could be."""
    if queue.name in known:
        return ok(check, f"{queue.name}: there is such a queue")
    if queue.name in wishes.unplaced and not only_pbx:
        says = f'{queue.name}, which {queue.practice} names without a PBX, is not here: say "PBX/{queue.name}"'
        return warning(check, says)
    return _unknown(check, queue, known)


def _unknown(check: str, queue: QueueWish, known: Collection[str]) -> Finding:
    near = get_close_matches(queue.name, known, 1, 0.5) or get_close_matches(queue.name.lower(), known, 1, 0.5)
    says = f"{queue.practice} names the queue {queue.name}, and the PBX has none of that name"
    file = f"the practice file of {queue.practice}, [[line]] (textback practice export, then apply)"
    if near:
        return failed(check, f"{says}; is {near[0]} meant", (f'queues = ["{near[0]}"]',), file, (queue.name,))
    return failed(check, f"{says}; it has {', '.join(sorted(known)[:_SHOWN]) or 'none at all'}", (), file)
