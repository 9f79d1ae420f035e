"""What two practices cannot both have: a number, a queue, a dialled number, the calls that nobody else takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from textback import numbers
from textback.mistakes import Mistake
from textback.practice import Practice

Place = tuple[str, str]

_DEFAULT = "default"


def conflicts(
    practice: Practice, others: Iterable[Practice], may_tell: Callable[[str], bool] = lambda name: True
) -> Iterator[Mistake]:
    """A mistake for everything in ``practice`` that another one of ``others`` has already.

    ``may_tell``: whether that one's name may be told.
    """
    taken: dict[Place, str] = {}
    for other in others:
        for _, place in _places(other) if other.name != practice.name else ():
            taken.setdefault(place, other.name)
    for key, place in _places(practice):
        if place in taken:
            kind, value = place
            found = "true" if kind == _DEFAULT else f'"{value}"'
            expected = "false: only one practice takes the rest" if kind == _DEFAULT else f"{kind} of its own"
            whose = f'the practice "{taken[place]}"' if may_tell(taken[place]) else "another practice"
            yield Mistake(key, f"{found}, as in {whose}", expected)


def _places(practice: Practice) -> Iterator[tuple[str, Place]]:
    if practice.default:
        yield "practice.default", (_DEFAULT, "")
    for at, line in enumerate(practice.lines):
        yield f"line[{at}].number", ("a number", line.number)
        yield from ((f"line[{at}].queues", ("a queue", queue)) for queue in line.queues)
        for did in line.dids:
            yield f"line[{at}].dids", ("a dialled number", numbers.read(did, practice.region).e164 or did)
