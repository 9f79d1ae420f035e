"""The alert rules and the dashboard: every metric and label that they use is one, and every alarm says what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.test_metrics import Hanging, Samples, read
from textback.complaints import Complaints
from textback.health import Health, HooksHealth, LinkHealth
from textback.hooks.asked import HOOKS
from textback.latency import Latency
from textback.measures import Measures
from textback.metrics import Metrics
from textback.shipped import package
from textback.store.gauges import WAITING, Gauges

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "monitoring/prometheus/alerts.yml").read_text("utf-8")
DASHBOARD = json.loads((ROOT / "monitoring/grafana/textback.json").read_text("utf-8"))
ALARMS = (ROOT / "docs/alarms.md").read_text("utf-8")
NAMES = re.findall(r"- alert: (\w+)", RULES)
#: what Prometheus itself knows of whoever it scrapes
ITS_OWN, ITS_LABELS = {"up"}, {"instance", "job"}
_METRIC = re.compile(r"\b(?:(?:textback|process|python)_\w+|up)\b(?=[{\[ )]|$)")
_MATCHED = re.compile(r"(\w+)\{([^}]*)\}")


def expressions() -> Iterator[str]:
    """Every expression of the rules and of the dashboard."""
    yield from (found.replace("''", "'") for found in re.findall(r"expr: '(.*)'", RULES))
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


@pytest.fixture(scope="module")
def samples() -> Samples:
    """A scrape in which everything is that there can be."""
    measured = Latency()
    measured.record(0.1)
    hooks = HooksHealth("agi", 0, 0, 0, dict.fromkeys(HOOKS, measured))
    health = Health(9.0, (LinkHealth("main", True, None, 5.0, 1, 0),), provider="twilio", hooks=(hooks,))
    measures, found = Measures(), Hanging(lambda: Gauges(dict.fromkeys(WAITING, 0), None))
    measures.verdicts.add("held", "budget")
    found.let_go.set()

    async def scrape() -> bytes:
        into: Any = found
        return (await Metrics(lambda: health, measures, into, Complaints(logging.getLogger("test"))).scrape(""))[0]

    return read(asyncio.run(scrape()))


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_and_every_label_is_one(expression: str, samples: Samples) -> None:
    used = set(_METRIC.findall(expression)) - ITS_OWN
    assert used or expression.startswith("up")
    assert used <= {name for name, _ in samples}
    for name, matchers in _MATCHED.findall(expression):
        labels = {label for one, labels in samples if one == name for label, _ in labels}
        for label, sign, value in re.findall(r'(\w+)(=~?)"([^"]*)"', matchers):
            assert label in labels | ITS_LABELS, (name, label)
            if label not in ITS_LABELS:
                known = {word for one, labels in samples if one == name for key, word in labels if key == label}
                assert set(value.split("|") if sign == "=~" else [value]) <= known, (name, label)


def test_a_metric_that_there_is_not_would_be_found(samples: Samples) -> None:
    assert not set(_METRIC.findall("rate(textback_nothing_total[5m]) > 0")) <= {name for name, _ in samples}


def test_every_metric_of_ours_is_shown_or_watched(samples: Samples) -> None:
    used = {name for expression in expressions() for name in _METRIC.findall(expression)}
    base = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name, _ in samples if name.startswith("textback_")}
    left = {name for name in base if not any(one.startswith(name) for one in used)}
    assert left == set()


def test_every_alarm_has_its_section_and_every_section_its_alarm() -> None:
    assert len(NAMES) == len(set(NAMES)) > 15
    assert re.findall(r"^## (\w+)$", ALARMS, re.MULTILINE) == NAMES
    assert re.findall(r"runbook: 'docs/alarms\.md#(\w+)'", RULES) == [name.lower() for name in NAMES]
    anchors = set(re.findall(r"\]\(#(\w+)\)", ALARMS))
    assert anchors <= {name.lower() for name in NAMES}


def test_the_dashboard_is_one_that_grafana_can_place() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"] and panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_both_are_shipped_with_the_program() -> None:
    shipped = files(package("monitoring"))
    assert (shipped / "grafana/textback.json").is_file() and (shipped / "prometheus/alerts.yml").is_file()


@pytest.mark.parametrize("what", [["check", "rules", "monitoring/prometheus/alerts.yml"],
                                  ["test", "rules", "tests/monitoring/alerts_test.yml"]], ids=" ".join)  # fmt: skip
def test_prometheus_takes_the_rules_and_they_raise_what_they_should(what: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: on Debian and Ubuntu, apt install prometheus")
    done = subprocess.run([promtool, *what], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
