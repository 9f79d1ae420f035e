"""What a soak has measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.soak.daemons import Life, Sample
    from tests.soak.run import Soak

#: seconds of a life that are not counted: everything is loaded then
WARM = 60.0
_MB = 1e6


class Lag:
    """How late the harness's own loop is: what is slower than that is not the daemon's doing.

    ``on_late`` hears from when until when (epoch seconds) it stood still for so long that callers did, too.
    """

    EVERY, MUCH = 0.05, 0.25

    def __init__(self, on_late: Callable[[float, float], None]) -> None:
        self._on_late = on_late
        self.taken: list[float] = []
        self._recent: deque[float] = deque(maxlen=200)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(self.EVERY)
            late = time.perf_counter() - began - self.EVERY
            if late > self.MUCH:
                self._on_late(time.time() - late, time.time())
            self.taken.append(late)
            self._recent.append(late)

    def recent(self) -> float:
        """The worst of the last seconds."""
        return max(self._recent, default=0.0)


@dataclass
class Figures:
    """Seconds, bytes and counts; ``faults`` is what was wrong: it should be empty."""

    seconds: float
    callers: int
    calls: int
    calls_per_second: float
    texts: int
    became: dict[str, int]
    statuses: dict[str, int]
    excused: dict[str, int]
    struck: dict[str, int]
    misdeeds: dict[str, int]
    kinds: dict[str, int]
    hooks: dict[str, float]
    half_open: list[float]
    behind: list[float]
    lives: list[dict[str, Any]]
    posts: int
    replies: int
    answered_by_staff: int
    webhooks: int
    blind_seconds: dict[str, float]
    harness_lag_p99: float
    load_lag_most: float
    faults: list[str]

    @classmethod
    def of(cls, soak: Soak, seconds: float) -> Figures:
        """Of a soak that is over."""
        books, auditor = soak.books, soak.auditor
        now = time.time()
        sights = {f"{r.name} {name}": sight for r in soak.runners for name, sight in r.sights.items()}
        made = cls(
            seconds=seconds,
            callers=soak.load.begun,
            calls=len(books.known),
            calls_per_second=len(books.known) / (60 * soak.minutes),
            texts=len(soak.provider.taken),
            became=_sorted(auditor.became),
            statuses=_sorted(auditor.statuses),
            excused=_sorted(auditor.excused),
            struck=_sorted(soak.striker.done),
            misdeeds=_sorted(soak.provider.misdeeds),
            kinds=_sorted(books.kinds),
            hooks=_hooks(books.hooks),
            half_open=[s for sight in sights.values() for s in sight.noticed],
            behind=soak.striker.behind,
            lives=[told for r in soak.runners for life in r.lives if (told := _life(life))],
            posts=soak.posts.posted,
            replies=sum(one.taken_at is not None for one in books.written),
            answered_by_staff=soak.desk.answered,
            webhooks=sum(one.took for one in books.told if one.what == "webhook"),
            blind_seconds={name: sight.blind.seconds(now) for name, sight in sights.items()},
            harness_lag_p99=quantile(soak.lag.taken, 0.99),
            load_lag_most=max(soak.load.lags, default=0.0),
            faults=list(books.faults),
        )
        made.faults += [f"a dead line was noticed after {s:.0f} s only" for s in made.half_open if s > 35.0]
        return made

    def table(self) -> str:
        """For people."""
        return "\n".join(f"{name:34} {value}" for name, value in self._rows())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield "lasted", f"{self.seconds:.0f} s"
        yield "calls", f"{self.calls} ({self.calls_per_second:.1f}/s)"
        yield "texts at the provider", str(self.texts)
        yield "posts, replies", f"{self.posts}, {self.replies}"
        yield "answers of staff, webhooks", f"{self.answered_by_staff}, {self.webhooks}"
        for title, counts in (
            ("faults struck", self.struck), ("calls that became", self.became), ("texts that are", self.statuses),
            ("calls not wholly seen", self.excused), ("the provider's misdeeds", self.misdeeds),
        ):  # fmt: skip
            yield title, str(sum(counts.values()))
            yield from ((f"  {name}", str(count)) for name, count in counts.items())
        yield "hooks (nothing broken)", ", ".join(f"{name} {value:.4g}" for name, value in self.hooks.items())
        yield "dead lines noticed after", ", ".join(f"{s:.0f} s" for s in self.half_open) or "none was dead"
        yield "behind with writing when it died", ", ".join(f"{s:.1f} s" for s in self.behind) or "none died"
        yield "not followed", ", ".join(f"{name} {s:.0f} s" for name, s in self.blind_seconds.items())
        yield from ((f"a life that was {life['ended'] or 'ended last'}", _shown(life)) for life in self.lives)
        yield "the harness was late by", f"p99 {self.harness_lag_p99 * 1e3:.0f} ms, {self.load_lag_most:.2f} s at most"
        yield "wrong", str(len(self.faults))


def _hooks(asked: Sequence[tuple[str, float, bool]]) -> dict[str, float]:
    calm = sorted(taken for _, taken, is_calm in asked if is_calm)
    every = sorted(taken for _, taken, _ in asked)
    told = {"asked": float(len(every)), "calm": float(len(calm))}
    told |= {"calm p50 ms": quantile(calm, 0.5) * 1e3, "calm p99 ms": quantile(calm, 0.99) * 1e3}
    return told | {"most ms, in trouble": max(every, default=0.0) * 1e3}


def _life(life: Life) -> dict[str, Any] | None:
    if not life.samples:
        return None
    warm = [one for one in life.samples if one.age > WARM]
    last = life.samples[-1]
    told: dict[str, Any] = {"ended": life.ended, "seconds": last.age, "cpu": last.cpu / max(last.age, 1.0)}
    told |= {"rss": last.rss, "files": last.files, "threads": last.threads}
    told |= {"most_files": max(one.files for one in life.samples)}
    told |= {"most_threads": max(one.threads for one in life.samples)}
    return told | {"rss_per_hour": slope(warm) * 3600 if len(warm) > 10 else None}


def slope(samples: Sequence[Sample]) -> float:
    """Bytes a second, by least squares."""
    count = len(samples)
    mean_age, mean = sum(one.age for one in samples) / count, sum(one.rss for one in samples) / count
    spread = sum((one.age - mean_age) ** 2 for one in samples)
    return sum((one.age - mean_age) * (one.rss - mean) for one in samples) / spread if spread else 0.0


def _shown(life: dict[str, Any]) -> str:
    grows = "" if life["rss_per_hour"] is None else f", grew by {life['rss_per_hour'] / _MB:+.1f} MB an hour"
    return (
        f"{life['seconds']:.0f} s, {life['rss'] / _MB:.0f} MB{grows}, {life['cpu']:.0%} CPU, "
        f"{life['most_files']} files and {life['most_threads']} threads at most"
    )


def quantile(values: Sequence[float], part: float) -> float:
    """0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
