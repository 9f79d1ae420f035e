"""``textback purge``: what is too old to be kept."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine

from textback.book import PracticeBook
from textback.cli.database import opened, require_head
from textback.cli.settings import config_option, configuration
from textback.clock import system_clock
from textback.config import SHORTEST_AGE
from textback.fields import read_age
from textback.retention import Ages, Steps, steps
from textback.store.engine import reading

#: Seconds between two batches in which a daemon beside it writes.
BETWEEN = 0.02


def _age(shortest: float) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    def read(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
        if value is None:
            return None
        try:
            seconds = read_age(value)
        except ValueError as wrong:
            raise click.BadParameter(f"{value!r}: expected {wrong}.") from None
        if seconds < shortest:
            raise click.BadParameter(f'{value!r}: expected at least "{shortest / 86_400:.0f}d".')
        return seconds

    return read


@click.command(short_help="Delete calls and texts that are too old to be kept.")
@config_option
@click.option("--older-than", metavar="AGE", required=True, callback=_age(SHORTEST_AGE), help='As in "400d" or "2y".')
@click.option("--audit-older-than", metavar="AGE", callback=_age(86_400.0), help="Lines of the audit trail, too.")
@click.option("--practice", metavar="NAME", help="Only of this practice.")
@click.option("--dry-run", is_flag=True, help="Only tell how much would go.")
def purge(older_than: float, audit_older_than: float | None, practice: str | None, dry_run: bool) -> None:
    """Delete calls, texts, notes and raw posts older than AGE, and conversations of which nothing is left.

    What is not over stays, however old: calls that are not decided, texts that are queued, held or of unknown fate,
    what nobody has read or answered yet, and conversations in the inbox. So do opt-outs, contacts that you imported,
    settings, the figures of the reports, and the audit trail, unless you name an age for it. A daemon may run beside
    it; what is cut off goes on with the next one. `[retention]` in textback.toml does the same every night.

    \b
    Example: textback purge --older-than 400d --dry-run
             textback purge --older-than 2y --audit-older-than 6y --practice Riverside
    """
    ages = Ages(calls=older_than, messages=older_than, raw=older_than, audit=audit_older_than)
    with opened(configuration().database.url, looking=dry_run) as engine:
        require_head(engine)
        _require(engine, practice)
        now = system_clock()
        expected = _run(engine, steps(PracticeBook(), ages, now, only=practice, dry=True))
        gone = expected if dry_run else _shown(engine, ages, now, practice, expected.total())
    would = "would be deleted" if dry_run else "deleted"
    told = ", ".join(f"{count} {kind}" for kind, count in gone.items() if count) or "nothing"
    click.echo(f"{would}: {told}")


def _require(engine: Engine, practice: str | None) -> None:
    with reading(engine) as connection:
        names = [one.name for one in PracticeBook()(connection).practices]
    if practice is not None and practice not in names:
        raise click.UsageError(f"there is no such practice; there is {', '.join(names)}")


def _shown(engine: Engine, ages: Ages, now: float, practice: str | None, total: int) -> Counter[str]:
    with _progress(total) as on_rows:
        return _run(engine, steps(PracticeBook(), ages, now, only=practice), on_rows, BETWEEN)


def _run(
    engine: Engine, work: Steps, on_rows: Callable[[int], None] = lambda rows: None, between: float = 0.0
) -> Counter[str]:
    """Do the steps, each in its own transaction."""
    result: Any = None
    while True:
        try:
            step = work.send(result)
        except StopIteration as end:
            found: Counter[str] = end.value
            return found
        with engine.begin() if step.writes else reading(engine) as connection:
            result = step.job(connection)
        on_rows(getattr(result, "gone", 0))
        if step.writes and between:
            time.sleep(between)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar where a person watches."""
    if not _watched():
        yield lambda rows: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("deleting", total=float(total))
        yield lambda rows: bar.advance(task, rows)


def _watched() -> bool:
    return sys.stderr.isatty()
