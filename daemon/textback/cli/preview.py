"""``textback practice preview``: what callers would read, before any of them does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from textback.book import PracticeBook
from textback.cli.bubbles import bubble, remark
from textback.cli.database import stored
from textback.cli.faults import Refused
from textback.cli.filters import json_option
from textback.cli.output import json_line, one_line
from textback.cli.settings import config_option, config_path
from textback.config import ConfigError, load, load_practice_file
from textback.model import Flow
from textback.practice import Practice
from textback.practice.checks import warnings_beside_texts
from textback.practice.preview import (
    SAMPLE_NAME,
    SAMPLE_WAIT,
    Place,
    line_of,
    places,
    previews,
    sample_queue,
    serves,
)
from textback.wording import span

_AT = {"open": "while the practice is open", "closed": "while the practice is closed", "always": "at any time"}


@click.command(short_help="Show each text as callers would read it.")
@config_option
@click.option("--file", type=click.Path(path_type=Path), metavar="FILE", help="A practice file, applied or not.")
@click.option("--queue", metavar="QUEUE", help="As callers read it who were in this queue.")
@json_option
@click.argument("name", required=False)
def preview(name: str | None, file: Path | None, queue: str | None, as_json: bool) -> None:
    """Show the text of each flow in each language as callers would read it, with its segments and cost.

    NAME is a practice that was applied; it may be left out where there is only one. Nothing is sent.

    \b
    Example: textback practice preview --file practice.toml
             textback practice preview "Riverside Clinic" --queue support
    """
    if name is not None and file is not None:
        raise click.UsageError("say either the NAME of a practice or a --file.")
    practice = _stored_practice(name) if file is None else load_practice_file(file)
    price = _price()
    if as_json:
        for place in places(practice, queue):
            for one in previews(practice, place, price):
                json_line(asdict(one))
        return
    for line in _page(practice, queue, price):
        click.echo(line)


def _stored_practice(name: str | None) -> Practice:
    with stored() as connection:
        practices = PracticeBook()(connection).practices
    found = [one for one in practices if name in (None, one.name)]
    if len(found) == 1:
        return found[0]
    if not practices:
        raise Refused("there is no practice yet: `textback practice apply FILE` loads one, --file shows one before")
    known = ", ".join(one_line(one.name) for one in practices)
    if name is None:
        raise click.UsageError(f"say the NAME of a practice: {known}")
    raise Refused(f"there is no practice {one_line(name)}; there is {known}")


def _price() -> float:
    """Of a segment; a practice file can be looked at before there is a textback.toml that tells it."""
    try:
        path = config_path()
    except ConfigError:
        return 0.0
    return load(path).sms.price_per_segment


def _page(practice: Practice, queue: str | None, price: float) -> Iterator[str]:
    yield from _head(practice, queue)
    for place in places(practice, queue):
        yield ""
        yield _heading(place)
        for one in previews(practice, place, price):
            yield from bubble(one)
    beside = [remark(warning) for warning in warnings_beside_texts(practice)]
    if queue and not any(serves(line, queue) for line in practice.lines):
        beside.append(remark(f"no line of the practice names the queue {queue}"))
    if not price:
        beside.append("hint: with sms.price_per_segment in textback.toml the cost is shown, too")
    if beside:
        yield from ("", *beside)


def _head(practice: Practice, queue: str | None) -> Iterator[str]:
    lines = [line_of(practice, queue)] if queue else practice.lines
    reader = f"{SAMPLE_NAME}, a contact, after {span(SAMPLE_WAIT)} on hold in {sample_queue(practice, queue)}"
    yield click.style(one_line(practice.name), bold=True)
    yield f"  sent from  {one_line(', '.join(f'{line.name} ({line.number})' for line in lines))}"
    yield f"  read by    {one_line(reader)}"
    yield f"  mode       {_mode(practice)}"


def _mode(practice: Practice) -> str:
    count = len(practice.test_numbers)
    if practice.mode == "live":
        return "live: any caller may get a text"
    return f"test: {f'only {count}' if count else 'no'} test number{'s' if count != 1 else ''} may get a text"


def _heading(place: Place) -> str:
    state = "on" if place.enabled else "off"
    title = f"{place.flow}.{place.when}" if place.when else str(place.flow)
    there = f" in {one_line(place.queue)}" if place.queue else ""
    styled = click.style(state, fg="green" if place.enabled else "yellow")
    return f"{click.style(title + there, bold=True)}  {styled}  {click.style(_why(place), dim=True)}"


def _why(place: Place) -> str:
    """When a caller gets this text."""
    rules = place.rules
    if place.flow is Flow.CALL_TO_TEXT:
        at = "while the texting staff is there" if rules.hours == "open" else _AT[rules.hours]
        return f"the caller pressed {rules.key} on hold, {at}"
    if place.flow is Flow.ABANDONED:
        return f"the caller gave up after {span(rules.min_hold)} or more on hold, {_AT[rules.hours]}"
    if place.when == "during_hours":
        return "nobody answered during hours"
    return f"nobody {'was reached' if rules.count_unreached_outside_hours else 'answered'} outside hours"
