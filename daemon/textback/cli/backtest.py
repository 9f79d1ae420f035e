"""``textback backtest``: what would have been texted last month, told by the records of the PBX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from sys import stderr
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.progress import Progress

from textback.backtest import Backtest
from textback.cli.backtest_report import calls_csv, report, warn
from textback.cli.faults import Refused
from textback.cli.replay import stored_practices
from textback.cli.settings import config_option, config_path, configuration
from textback.cli.totals import Totals
from textback.config import Config, ConfigError, Pbx, load_practice_file
from textback.events import StaffReached
from textback.pbx.errors import RecordsError
from textback.pbx.records import Records, Visit
from textback.pbx.records.kinds import records_of
from textback.practice import Practice

#: seconds before ``--from`` that are read, too: who was texted then is not texted again
_BEFORE = 86400.0


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Epoch seconds of an ISO 8601 date or time of this computer's zone; ``--to`` a date means its end."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        if parameter.name == "until" and len(value.strip()) <= len("2026-11-21"):
            moment += timedelta(days=1)
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f'{value!r} is no date such as "2026-11-21".') from None


def _zone(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise click.BadParameter(f'{value!r} is no time zone such as "America/Chicago".') from None
    return value


@click.command(short_help="What would have been texted, and what it would cost.")
@config_option
@click.option("--queue-log", metavar="FILE", help="Asterisk's queue_log, or the URL of a database with that table.")
@click.option("--cdr", metavar="FILE", help="Its Master.csv, mod_json_cdr's folder, or a database's URL.")
@click.option("--from", "since", metavar="DATE", callback=_moment, help="Only calls that began on that day or later.")
@click.option("--to", "until", metavar="DATE", callback=_moment, help="Only calls that began on that day or earlier.")
@click.option(
    "--practice", "files", type=click.Path(path_type=Path), metavar="FILE", multiple=True,
    help="Judge by this practice file; may be given several times.",
)  # fmt: skip
@click.option("--pbx", "name", metavar="NAME", help="The [[pbx]] whose records these are, if there are several.")
@click.option("--timezone", metavar="ZONE", callback=_zone, help="Of the times in CDR and tables, if they tell none.")
@click.option("--csv", "out", metavar="OUT", help="Write a row for each call to this file; - is the output.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each practice and month.")
def backtest(
    queue_log: str | None,
    cdr: str | None,
    since: float | None,
    until: float | None,
    files: Sequence[Path],
    name: str | None,
    timezone: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Tell what would have been texted, what not and why, and what it would have cost.

    Rotated and compressed files beside FILE are read as well. Without --practice the practices of the configured
    database hold; without FILE what the [[pbx]] names. Nobody's opt-out or conversation is known here, so that the
    daemon may text a little less.

    \b
    Example: textback backtest --queue-log /var/log/asterisk/queue_log --from 2026-10-01 --to 2026-10-31
    """
    config = _configuration(bool(files) and not cdr)
    pbx = _pbx(config, name)
    queue_log, cdr = (queue_log, cdr) if queue_log or cdr else (pbx.queue_log, pbx.cdr)
    if not queue_log and not cdr:
        raise click.UsageError("say with --queue-log or --cdr which records to read")
    practices = [load_practice_file(file) for file in files] if files else stored_practices(config)
    records = records_of(pbx.kind, pbx.name, pbx.trunks, (), pbx.language, queue_log, cdr, timezone)
    if records is None:
        raise click.UsageError("say with --cdr which folder to read: a FreeSWITCH has no queue_log")
    totals = Totals(tuple(practices), config.sms.price_per_segment)
    with _faults():
        _run(records, practices, totals, (since or 0.0, until), out)
    rows = list(totals.rows())
    if out != "-":
        report(rows, as_json)
    warn(records, rows)


def _run(
    records: Records, practices: Sequence[Practice], totals: Totals, days: tuple[float, float | None], out: str | None
) -> None:
    since, until = days
    with ExitStack() as stack:
        write = stack.enter_context(calls_csv(out, practices)) if out else None
        on_bytes = stack.enter_context(_progress(records, since - _BEFORE))
        for entry in Backtest(practices).run(_read(records, since, until, on_bytes)):
            if since <= entry.call.started_at < (until or float("inf")):
                totals.add(entry)
                if write:
                    write(entry)


def _configuration(may_be_missing: bool) -> Config:
    """textback.toml; a queue_log and a practice file need none."""
    try:
        missing = not config_path().is_file()
    except ConfigError:
        missing = True
    return Config() if missing and may_be_missing else configuration()


def _pbx(config: Config, name: str | None) -> Pbx:
    if not config.pbx:
        return Pbx(name=name or "pbx")
    if name is None and len(config.pbx) == 1:
        return config.pbx[0]
    known = ", ".join(pbx.name for pbx in config.pbx)
    found = [pbx for pbx in config.pbx if pbx.name == name]
    if not found:
        raise click.UsageError(f"say with --pbx whose records these are; there is {known}")
    return found[0]


def _read(
    records: Records, since: float, until: float | None, on_bytes: Callable[[int], None]
) -> Iterator[Visit | StaffReached]:
    for found in records.visits(since - _BEFORE, on_bytes=on_bytes):
        at = found.at if isinstance(found, StaffReached) else found.arrived.at
        if until is not None and at > until + _BEFORE:
            return
        yield found


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except RecordsError as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"{error.filename}: {(error.strerror or 'cannot be read').lower()}") from error


@contextmanager
def _progress(records: Records, since: float) -> Iterator[Callable[[int], None]]:
    """A bar where a person watches."""
    if not stderr.isatty():
        yield lambda count: None
        return
    sizes = [source.size(since) for source in records.sources]
    known = [size for size in sizes if size is not None]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=float(sum(known)) if len(known) == len(sizes) else None)
        yield lambda count: bar.advance(task, count)
