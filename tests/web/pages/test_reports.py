"""Reports in a browser: figures with their meanings, plots that can be read without seeing them, and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.practices import document
from tests.reports.invented import DAY, HOUR, Invented, write
from tests.web.browser import NOW, Visited, employ, whole
from textback.model import Role
from textback.store import practices
from textback.store.figures import FIGURES, MEDIAN

LINES = [
    {"name": "Front", "number": "+12025550100", "queues": ["support"], "dids": ["+12025550199"]},
    {"name": "=Sales", "number": "+12025550200", "queues": ["sales"], "dids": ["+12025550299"]},
]


def call(at: int, end: str, queue: str | None = "support", **more: Any) -> Invented:
    usual: dict[str, Any] = {"number": "+12025550111", "offered": False, "text": None, "held_out": False, "said": ()}
    return Invented(at, 60, 60.0, place=(queue, None), end=end, **(usual | more))


HISTORY = [
    call(HOUR, "abandoned", text=(5, True), said=((HOUR, "in"), (2 * HOUR, "staff"))),
    call(2 * HOUR, "answered", number="+12025550112"),
    call(3 * HOUR, "missed", "sales", number="+12025550113"),
    call(DAY + HOUR, "answered", "sales", number="+12025550114"),
]


@pytest.fixture
def clinic(store: Engine) -> Engine:
    """Some calls in the two days before now, of a practice of kim's, and one of another."""
    employ(store, role=Role.STAFF, of=["Riverside"])
    begun = int(NOW) // DAY * DAY - 2 * DAY
    with store.begin() as conn:
        practices.put(conn, "Riverside", document(line=LINES), "test", 1.0)
        about = {"practice__name": "Harbor", "practice__default": False}
        other = document(**about, line=[{"name": "Desk", "number": "+12025550300"}])
        practices.put(conn, "Harbor", other, "test", 1.0)
        write(conn, begun, "Riverside", HISTORY)
    return store


def told(tell: Callable[..., Any], *paths: str) -> list[Any]:
    async def story(there: Visited) -> list[Any]:
        browser = there.browser()
        await browser.sign_in()
        return [await browser.get(path) for path in paths]

    answers: list[Any] = tell(story, build=whole)
    return answers


def test_every_figure_stands_beside_what_it_means(clinic: Engine, tell: Callable[..., Any]) -> None:
    (page,) = told(tell, "/reports")
    assert page.status == 200
    shown = {title: number for number, title in re.findall(r"<dt><b>([^<]*)</b> ([^<]*)</dt>", page.body)}
    assert len(shown) == len(FIGURES) + 1
    assert (shown["Calls"], shown["Answered"], shown["Recovered within 24 h"]) == ("4", "2", "1")
    assert shown[MEDIAN.title] == "1 h 0 min"
    for figure in (*FIGURES, MEDIAN):
        assert figure.meaning.split("'")[0] in page.body


def test_a_plot_can_be_read_without_seeing_it_and_has_no_style_of_its_own(
    clinic: Engine, tell: Callable[..., Any]
) -> None:
    (page,) = told(tell, "/reports?when=7d")
    drawn = re.findall(r'<svg class="plot"[^>]*role="img" aria-labelledby="([^"]*)">(.*?)</svg>', page.body, re.DOTALL)
    assert len(drawn) == 2
    for labels, inside in drawn:
        for label in labels.split():
            assert f'id="{label}"' in inside
        assert "<pattern" in inside
    assert page.body.count("The same as a table") == 2
    assert " style=" not in page.body and "<style" not in page.body
    # three kinds of end, each told by more than its colour
    assert {"solid", "lines", "dots"} <= set(re.findall(r'class="bar (\w+)"', page.body))


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ("when=7d", "4"),
        ("from=2026-11-20&to=2026-11-20", "1"),
        ("from=2026-11-19", "4"),
        ("from=2026-11-21&to=2026-11-01", "0"),
        ("when=7d&queue=sales", "2"),
        ("when=7d&queue=-", "0"),
        ("when=7d&line=%2B12025550200", "2"),
        ("when=7d&practice=Harbor", "4"),
        ("from=0001-01-01&to=9999-12-31", "4"),
        ("from=yesterday&to=%00", "4"),
        ("when=90d", "4"),
        ("when=365d", "4"),
    ],
)
def test_the_address_says_what_is_counted(clinic: Engine, tell: Callable[..., Any], query: str, calls: str) -> None:
    (page,) = told(tell, f"/reports?{query}")
    assert page.status == 200
    assert f"<dt><b>{calls}</b> Calls</dt>" in page.body


def test_the_sheet_has_a_row_for_each_day_line_and_queue_and_no_formula(
    clinic: Engine, tell: Callable[..., Any]
) -> None:
    (answer,) = told(tell, "/reports.csv?when=7d")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.removeprefix("\ufeff"))))
    assert [(row["day"], row["queue"], row["calls"], row["median_reply"]) for row in rows] == [
        ("2026-11-19", "support", "2", "3600.0"),
        ("2026-11-19", "sales", "1", ""),
        ("2026-11-20", "sales", "1", ""),
    ]
    assert {row["line"] for row in rows} == {"+12025550100", "+12025550200"}


def test_nobody_sees_figures_of_practices_that_are_not_theirs(clinic: Engine, tell: Callable[..., Any]) -> None:
    employ(clinic, "rob", of=[])

    async def story(there: Visited) -> tuple[Any, Any, Any]:
        browser, stranger = there.browser(), there.browser()
        await browser.sign_in("rob")
        page, sheet = await browser.get("/reports?practice=Riverside"), await browser.get("/reports.csv")
        return page, sheet, await stranger.get("/reports")

    page, sheet, stranger = tell(story, build=whole)
    assert (page.status, stranger.status) == (200, 303)
    assert "<dt><b>0</b> Calls</dt>" in page.body and "Riverside" not in page.body + sheet.body


def test_the_comparison_says_when_there_are_too_few(clinic: Engine, tell: Callable[..., Any]) -> None:
    (before,) = told(tell, "/reports")
    assert "What texting is worth" not in before.body
    with clinic.begin() as conn:
        practices.put(conn, "Riverside", document(line=LINES, guards__holdout=5), "test", 2.0)
    (page,) = told(tell, "/reports")
    assert "What texting is worth" in page.body and "too few callers yet" in page.body
