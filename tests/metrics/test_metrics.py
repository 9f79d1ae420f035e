"""A scrape: what it tells, how soon, and what it leaves out when the database does not answer."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from textback.complaints import Complaints
from textback.health import Health, HooksHealth, LinkHealth
from textback.latency import Latency
from textback.measures import Measures
from textback.metrics import Metrics
from textback.store.reader import Reader

LOG = logging.getLogger("textback.test")
NOW = 1_000_000.0
MAIN = LinkHealth("main", True, None, NOW - 5, 1200, 3)
BRANCH = LinkHealth("branch", False, "no", None, 0, 0)
#: seconds; what never comes fails the test
LONG = 20.0

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(body: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, by its name and labels; fails for what Prometheus could not read, or would find twice."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(body.decode()):
        assert family.documentation and family.type != "unknown", family.name
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def told(engine: Engine, health: Health, measures: Measures | None = None) -> Samples:
    """What one scrape tells."""

    async def scrape() -> bytes:
        read = Reader(engine, threads=1)
        try:
            body, kind = await Metrics(lambda: health, measures or Measures(), read, Complaints(LOG)).scrape("*/*")
            assert kind.startswith("text/plain; version=0.0.4")
            return body
        finally:
            read.close()

    return read(asyncio.run(scrape()))


def test_all_is_well(engine: Engine) -> None:
    samples = told(engine, Health(NOW, (MAIN,), provider="twilio"))
    assert value(samples, "textback_link_up", pbx="main") == 1
    assert value(samples, "textback_link_writes", pbx="main") == 1
    assert value(samples, "textback_link_seconds_since_event", pbx="main") == 5
    assert value(samples, "textback_link_events_total", pbx="main") == 1200
    assert value(samples, "textback_link_tampered_total", pbx="main") == 3
    assert value(samples, "textback_database_up") == 1
    assert value(samples, "textback_messages_waiting", status="held") == 0
    assert value(samples, "textback_oldest_unsent_seconds") == 0
    assert value(samples, "textback_provider_trouble", provider="twilio") == 0
    assert value(samples, "textback_calls_total", pbx="main", disposition="lost") == 0, "there before the first call"
    assert [name for name, _ in samples if name == "textback_build_info"]
    assert value(samples, "process_open_fds")


def test_trouble_is_told_in_figures(engine: Engine) -> None:
    health = Health(
        NOW, (MAIN, BRANCH), facts_waiting=7, facts_dropped=2, writes_waiting=3, looks_waiting=4, provider="twilio",
        database_failing_since=NOW - 30, database_busy_since=NOW - 40, provider_trouble="ours: no such account",
        lines_in_trouble={"+12025550100": "sender: no"}, is_day_full=True,
    )  # fmt: skip
    samples = told(engine, health)
    assert value(samples, "textback_link_up", pbx="branch") == 0
    assert value(samples, "textback_link_seconds_since_event", pbx="branch") is None
    names = ("facts_waiting", "facts_dropped_total", "writes_waiting", "looks_waiting", "database_failing_seconds")
    assert [value(samples, f"textback_{name}") for name in names] == [7, 2, 3, 4, 30]
    assert value(samples, "textback_database_busy_seconds") == 40
    assert value(samples, "textback_provider_trouble", provider="twilio") == 1
    assert value(samples, "textback_provider_lines_in_trouble") == 1
    assert value(samples, "textback_provider_day_full") == 1


def test_what_was_counted_is_told_with_its_words(engine: Engine) -> None:
    measures, asked = Measures(), Latency()
    measures.calls.add("main", "abandoned")
    measures.verdicts.add("skip", "cooldown")
    measures.texts.add("delivered")
    measures.decision.record(0.003)
    asked.record(0.2)
    hooks = (HooksHealth("agi", 1, 2, 3, {"may-offer": asked}),)
    samples = told(engine, Health(NOW, (MAIN,), hooks=hooks), measures)
    assert value(samples, "textback_calls_total", pbx="main", disposition="abandoned") == 1
    assert value(samples, "textback_verdicts_total", verdict="skip", reason="cooldown") == 1
    assert value(samples, "textback_messages_total", status="delivered") == 1
    assert value(samples, "textback_event_to_decision_seconds_bucket", le="0.0025") == 0
    assert value(samples, "textback_event_to_decision_seconds_bucket", le="0.005") == 1
    assert value(samples, "textback_event_to_decision_seconds_count") == 1
    within = {"protocol": "agi", "hook": "may-offer"}
    assert value(samples, "textback_hook_seconds_bucket", le="0.15", **within) == 0
    assert value(samples, "textback_hook_seconds_bucket", le="+Inf", **within) == 1
    assert value(samples, "textback_hook_seconds_sum", **within) == pytest.approx(0.2)
    kinds = ("refused", "tampered", "faults")
    assert [value(samples, f"textback_hook_{kind}_total", protocol="agi") for kind in kinds] == [1, 2, 3]


def test_a_clock_that_was_put_back_tells_no_negative_age(engine: Engine) -> None:
    later = LinkHealth("main", True, None, NOW + 60, 1, 0)
    samples = told(engine, Health(NOW, (later,), database_failing_since=NOW + 60, database_busy_since=NOW + 60))
    assert value(samples, "textback_link_seconds_since_event", pbx="main") == 0
    assert value(samples, "textback_database_failing_seconds") == 0
    assert value(samples, "textback_database_busy_seconds") == 0


def test_openmetrics_is_spoken_to_who_asks_for_it(sqlite: Engine) -> None:
    async def story() -> tuple[bytes, str]:
        reading = Reader(sqlite, threads=1)
        try:
            metrics = Metrics(lambda: Health(NOW, (MAIN,)), Measures(), reading, Complaints(LOG))
            return await metrics.scrape("application/openmetrics-text; version=1.0.0")
        finally:
            reading.close()

    body, kind = asyncio.run(story())
    assert kind.startswith("application/openmetrics-text") and body.endswith(b"# EOF\n")


class Hanging:
    """A way into a database that answers nobody until it is let go; ``asked``: how often it was."""

    def __init__(self, found: Callable[[], Any] = lambda: None) -> None:
        self.asked = 0
        self.ask, self.let_go = threading.Event(), threading.Event()
        self._found = found

    async def __call__(self, look: Any) -> Any:
        self.asked += 1
        await asyncio.to_thread(self.let_go.wait, LONG)
        return self._found()


def scraped_while(hangs: Hanging, times: int, patience: float) -> list[Samples]:
    async def story() -> list[Samples]:
        read_from: Any = hangs
        metrics = Metrics(lambda: Health(NOW, (MAIN,)), Measures(), read_from, Complaints(LOG), patience=patience)
        try:
            return [read((await one)[0]) for one in [asyncio.ensure_future(metrics.scrape("")) for _ in range(times)]]
        finally:
            hangs.let_go.set()
            if metrics._looking is not None:
                await asyncio.wait({metrics._looking})

    return asyncio.run(story())


def test_a_database_that_hangs_makes_a_scrape_tell_what_memory_knows_and_is_asked_once() -> None:
    hangs = Hanging()
    first, second = scraped_while(hangs, 2, patience=0.0)
    for samples in (first, second):
        assert value(samples, "textback_database_up") == 0
        assert value(samples, "textback_link_up", pbx="main") == 1
        assert not {name for name, _ in samples} & {"textback_messages_waiting", "textback_oldest_unsent_seconds"}
    assert hangs.asked == 1


def test_a_scrape_waits_no_longer_than_its_patience() -> None:
    began = time.monotonic()
    scraped_while(Hanging(), 1, patience=0.1)
    assert 0.1 <= time.monotonic() - began < LONG / 2


def test_a_database_that_fails_is_complained_of_once_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> tuple[list[Samples], int]:
        asked = 0

        async def fails(look: Any) -> Any:
            nonlocal asked
            asked += 1
            raise OSError("it is gone")

        metrics = Metrics(lambda: Health(NOW), Measures(), fails, Complaints(LOG))  # type: ignore[arg-type]
        return [read((await metrics.scrape(""))[0]) for _ in range(3)], asked

    samples, asked = asyncio.run(story())
    assert [value(one, "textback_database_up") for one in samples] == [0, 0, 0] and asked == 3
    assert caplog.messages == ["the database does not answer a scrape: it is gone"]
