"""Deletes what was kept for long enough, in small transactions, and sees that the reports still tell of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from textback.directory import Directory
from textback.practice import Practice
from textback.reports import sealing
from textback.store import purging, sessions, sign_ins
from textback.store.purging import Sweep, Whose


@dataclass(frozen=True, slots=True)
class Ages:
    """For how many seconds what is kept; None: for ever."""

    calls: float | None = None
    messages: float | None = None
    raw: float | None = None
    audit: float | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is ever deleted."""
        return self == Ages()


class Step(NamedTuple):
    """One transaction of its own; ``writes`` False: it only looks."""

    job: Callable[[Connection], Any]
    writes: bool = True


#: Takes what each step gave, and gives at the end how many rows of each kind went.
Steps = Generator[Step, Any, Counter[str]]


def steps(
    book: Callable[[Connection], Directory], ages: Ages, now: float, *, only: str | None = None, dry: bool = False
) -> Steps:
    """Everything older than ``ages`` at ``now`` (epoch seconds) goes; ``only``: of this practice; ``dry``: count it.

    It may be let go after any step, and begun anew at any time: what is left then goes the next time.
    """
    gone: Counter[str] = Counter()
    directory: Directory = yield Step(book, writes=False)
    for practice in directory.practices:
        if only in (None, practice.name):
            until = now if dry else (yield from _sealed(directory, practice, ages, now))
            yield from _swept(_of(Whose(practice.name), ages, now, until), gone, dry)
    if only is None:
        nobody = Whose(None, [practice.name for practice in directory.practices])
        yield from _swept(_of(nobody, ages, now, now), gone, dry)
        yield from _swept(_of_all(ages, now), gone, dry)
        if not dry:
            gone["sessions"] += yield Step(partial(sessions.prune, now=now))
            yield Step(partial(sign_ins.prune, now=now))
    elif ages.audit is not None:
        yield from _swept([purging.audit_lines(Whose(only), now - ages.audit)], gone, dry)
    return gone


def _sealed(directory: Directory, practice: Practice, ages: Ages, now: float) -> Generator[Step, Any, float]:
    """Until when the reports of a practice need its rows no more (epoch seconds): its days are kept first."""
    wanted = [age for age in (ages.calls, ages.messages) if age is not None]
    if not wanted:
        return 0.0
    before = now - min(wanted)
    behind = Step(lambda conn: sealing.behind(conn, directory, practice, before, now), writes=False)
    left: list[date] = []
    # some hundred days at once; those that can't be kept hold back the seal, and nothing of them is deleted
    while (days := (yield behind)) and days != left:
        for day in days:
            yield Step(partial(_keep, directory=directory, practice=practice, day=day, now=now))
        left = days
    until: float = yield Step(lambda conn: sealing.seal(conn, directory, practice, before, now))
    return until


def _keep(conn: Connection, directory: Directory, practice: Practice, day: date, now: float) -> None:
    sealing.keep(conn, directory, practice, day, now)


def _of(whose: Whose, ages: Ages, now: float, until: float) -> Iterator[Sweep]:
    if ages.calls is not None:
        yield purging.old_calls(whose, min(now - ages.calls, until))
    if ages.messages is not None:
        before = min(now - ages.messages, until)
        yield purging.old_messages(whose, before)
        yield purging.old_notes(whose, before)
        yield purging.empty_conversations(whose, before)
        yield purging.unused_contacts(whose, before)


def _of_all(ages: Ages, now: float) -> Iterator[Sweep]:
    if ages.calls is not None:
        yield purging.numbers_reached(now - ages.calls)
        yield purging.learned_line_types(now - ages.calls)
    if ages.raw is not None:
        yield purging.raw_posts(now - ages.raw)
    if ages.audit is not None:
        yield purging.audit_lines(None, now - ages.audit)


def _swept(sweeps: Iterator[Sweep] | list[Sweep], gone: Counter[str], dry: bool) -> Generator[Step, Any, None]:
    for sweep in sweeps:
        if dry:
            gone[sweep.kind] += yield Step(partial(purging.count, sweep=sweep), writes=False)
            continue
        after: Any = None
        while True:
            swept: purging.Swept = yield Step(partial(purging.batch, sweep=sweep, after=after))
            gone[sweep.kind] += swept.gone
            after = swept.after
            if after is None:
                break
