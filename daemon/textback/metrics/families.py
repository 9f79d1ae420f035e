"""Each metric with its name, its labels and what it means; labels are words of ours and of textback.toml only."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric

from textback import __version__
from textback.health import Health
from textback.latency import Latency
from textback.measures import Measures
from textback.model import Disposition, Status, Verdict
from textback.store.gauges import MOST, WAITING, Gauges

#: What a text comes to, or comes in as.
OUTCOMES = (
    Status.SENT, Status.DELIVERED, Status.FAILED, Status.UNDELIVERED, Status.UNKNOWN, Status.RECEIVED,
)  # fmt: skip
#: Why most of what a person must release is held: somebody may be calling with made-up numbers.
HELD = "budget"


def build() -> Metric:
    """Which textback this is."""
    told = {"version": __version__, "python": platform.python_version()}
    return InfoMetricFamily("textback_build", "Which textback runs, on which Python.", told)


def links(health: Health) -> Iterator[Metric]:
    """The links to the PBXes; a PBX is a name from textback.toml."""
    up = GaugeMetricFamily("textback_link_up", "Whether the link to a PBX is up (1) or down (0).", labels=["pbx"])
    told = "Seconds since the PBX sent its last event; absent before the first one."
    silent = GaugeMetricFamily("textback_link_seconds_since_event", told, labels=["pbx"])
    events = CounterMetricFamily("textback_link_events", "Events that the PBX sent.", labels=["pbx"])
    told = "Messages on the link that a caller forged; they were dropped."
    tampered = CounterMetricFamily("textback_link_tampered", told, labels=["pbx"])
    told = "Whether this daemon writes the calls of a PBX (1), or stands by for another one that does (0)."
    writes = GaugeMetricFamily("textback_link_writes", told, labels=["pbx"])
    for link in health.links:
        up.add_metric([link.pbx], float(link.is_up))
        writes.add_metric([link.pbx], float(link.writes))
        if link.last_event_at is not None:
            silent.add_metric([link.pbx], max(health.at - link.last_event_at, 0.0))
        events.add_metric([link.pbx], link.events)
        tampered.add_metric([link.pbx], link.tampered)
    yield from (up, silent, events, tampered, writes)


def counted(measures: Measures, pbxes: Iterable[str]) -> Iterator[Metric]:
    """What was counted since the start; all of a kind that can be told beforehand is there from the first scrape on."""
    yield _tallied(
        "textback_calls",
        "Calls that ended, by how: the words are those of the log.",
        ("pbx", "disposition"),
        {(pbx, how.value): 0 for pbx in pbxes for how in Disposition} | measures.calls,
    )
    told = "What was decided for calls, by the code of the reason."
    # an alarm is to be raised by the first one
    alarming: dict[tuple[str, ...], int] = {(Verdict.HELD.value, HELD): 0}
    yield _tallied("textback_verdicts", told, ("verdict", "reason"), alarming | measures.verdicts)
    told = "Texts that came to a status here; a text that was delivered was sent before. received: from callers."
    yield _tallied("textback_messages", told, ("status",), {(one.value,): 0 for one in OUTCOMES} | measures.texts)
    told = (
        "From the arrival of an event that ends a call, or asks for a text, until what follows is safely stored. "
        "The time that a call settles is no part of it."
    )
    yield _histogram("textback_event_to_decision_seconds", told, (), {(): measures.decision})


def work(health: Health, log_lost: int) -> Iterator[Metric]:
    """What waits on its way to the database, and how that is."""
    yield _gauge("textback_facts_waiting", "What PBXes told that waits for the database.", health.facts_waiting)
    told = "Lesser facts that were dropped because too much waited; the PBX was asked again."
    yield CounterMetricFamily("textback_facts_dropped", told, health.facts_dropped)
    yield _gauge("textback_writes_waiting", "Writes that wait for the database.", health.writes_waiting)
    told = "Looks of pages and hooks that wait for a free thread."
    yield _gauge("textback_looks_waiting", told, health.looks_waiting)
    since, told = health.database_failing_since, "Seconds for which the database has taken nothing; 0 if it does."
    failing = 0.0 if since is None else max(health.at - since, 0.0)
    yield _gauge("textback_database_failing_seconds", told, failing)
    told = "Seconds for which the database has been at what it was given last; 0 if nothing is in its hands."
    yield _gauge("textback_database_busy_seconds", told, health.database_silent)
    told = "Lines of the log that could not be written: its disk is full, say, or its reader has gone."
    yield CounterMetricFamily("textback_log_lines_lost", told, log_lost)


def provider(health: Health) -> Iterator[Metric]:
    """Whether texts can leave; which lines they are is on the health page."""
    told = "Whether the provider takes no texts at all now (1)."
    trouble = GaugeMetricFamily("textback_provider_trouble", told, labels=["provider"])
    trouble.add_metric([health.provider], float(health.provider_trouble is not None))
    yield trouble
    told = "Texting numbers that the provider refuses now."
    yield _gauge("textback_provider_lines_in_trouble", told, len(health.lines_in_trouble))
    told = "Whether per_day is used up, so that texts wait (1)."
    yield _gauge("textback_provider_day_full", told, float(health.is_day_full))


def hooks(health: Health) -> Iterator[Metric]:
    """What dialplans asked; only those hooks are timed that wait for nobody but us."""
    labels = ("protocol", "hook")
    measured = {(one.protocol, hook): kept for one in health.hooks for hook, kept in one.latencies.items()}
    told = "From the end of a dialplan's question until its last variable is set."
    yield _histogram("textback_hook_seconds", told, labels, measured)
    kinds = {
        "refused": "Connections of dialplans that were refused, or asked for nothing that there is.",
        "tampered": "Hooks for calls whose caller forges lines; they are never texted.",
        "faults": "Hooks that had no answer in time, or none at all; the calls went on.",
    }
    for kind, told in kinds.items():
        counts = {(one.protocol,): getattr(one, kind) for one in health.hooks}
        yield _tallied(f"textback_hook_{kind}", told, ("protocol",), counts)


def stored(found: Gauges | None, now: float) -> Iterator[Metric]:
    """What the database told; where it told nothing in time, what only it knows is absent."""
    told = "Whether the database answered this scrape in time (1); if not, what only it knows is absent."
    yield _gauge("textback_database_up", told, float(found is not None))
    if found is None:
        return
    told = f"Texts that wait, for their turn or (held, unknown) for a person; at most {MOST} of each are counted."
    counts = {(status.value,): found.waiting[status] for status in WAITING}
    waiting = GaugeMetricFamily("textback_messages_waiting", told, labels=["status"])
    for labels, count in counts.items():
        waiting.add_metric(labels, count)
    yield waiting
    told = "Seconds for which the text that waits longest could have left already; 0 if none waits."
    age = 0.0 if found.oldest_due_at is None else max(now - found.oldest_due_at, 0.0)
    yield _gauge("textback_oldest_unsent_seconds", told, age)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value)


def _tallied(name: str, told: str, labels: tuple[str, ...], counts: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for kind, count in list(counts.items()):
        family.add_metric(kind, count)
    return family


def _histogram(name: str, told: str, labels: tuple[str, ...], measured: Mapping[Any, Latency]) -> Metric:
    family = HistogramMetricFamily(name, told, labels=labels)
    for kind, latency in measured.items():
        within = [("+Inf" if bound == float("inf") else str(bound), count) for bound, count in latency.cumulative()]
        family.add_metric(kind, within, latency.total)
    return family
