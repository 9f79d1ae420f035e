"""``textback webhook``: who may start a flow over HTTP."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import Connection

from textback.book import PracticeBook
from textback.cli.author import author
from textback.cli.database import changing, stored
from textback.cli.faults import Refused
from textback.cli.filters import list_options, one_of
from textback.cli.output import json_line, local, one_line, table
from textback.cli.settings import config_option, configuration
from textback.clock import system_clock
from textback.model import Flow
from textback.practice import Practice
from textback.store import webhook_tokens
from textback.web.told import language_of

COLUMNS = {
    "id": "id", "practice": "practice", "flow": "flow", "language": "language", "created": "created_at",
    "by": "created_by", "used": "last_used_at", "revoked": "revoked_at", "label": "label",
}  # fmt: skip
_TIMES = ("created_at", "last_used_at", "revoked_at")


@click.group(short_help="Addresses by which other software starts a text.")
@config_option
def webhook() -> None:
    """Addresses by which call-centre software starts a text, where it can do nothing but HTTP.

    It asks for /webhook/TOKEN by POST or GET, with the caller's number in "caller" (in the query, a form or JSON) and,
    if it knows them, "lang" and "name". The answer says what was decided, and why.

    \b
    Example: textback webhook create --flow missed --label "night desk"
             curl -d caller=+12025550123 http://127.0.0.1:8081/webhook/TOKEN
    """


def _language(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    language = None if value is None else language_of(value)
    if value is not None and language is None:
        raise click.BadParameter(f'{value!r} is no language such as "es".')
    return language


@webhook.command(short_help="Make an address, and show it this once.")
@config_option
@click.option("--practice", metavar="NAME", help="In the name of this practice, if there are several.")
@click.option("--flow", type=one_of(Flow), default=Flow.CALL_TO_TEXT.value, show_default=True, help="What it starts.")
@click.option("--language", metavar="LANG", callback=_language, help='Of its callers, if they all speak it: "es".')
@click.option("--label", metavar="TEXT", help="What it is for.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, for programs.")
def create(practice: str | None, flow: str, language: str | None, label: str | None, as_json: bool) -> None:
    """Make an address, and show it this once: only its hash is kept.

    Whoever has it can text in the practice's name, within its guards. It works at once, also in a daemon that runs.

    \b
    Example: textback webhook create
             textback webhook create --practice Riverside --flow abandoned --language es --label "call centre"
    """
    settings, token = configuration().webhooks, webhook_tokens.new_token()
    with changing() as connection:
        mine = _practice(connection, practice)
        its: dict[str, Any] = {"practice": mine.name, "flow": Flow(flow), "language": language, "label": label}
        made = webhook_tokens.create(connection, token, by=author(), now=system_clock(), **its)
    public = settings.public_url if settings is not None else None
    shown = {"id": made, **its, "token": token, "url": f"{public}/webhook/{token}" if public else None}
    if as_json:
        json_line(shown)
    else:
        click.echo(f"webhook {made}: {flow} for {one_line(mine.name)}{f' in {language}' if language else ''}")
        click.echo(f"token: {token}")
        click.echo(f"URL:   {shown['url'] or f'http://HOST:PORT/webhook/{token}'}")
    click.echo("Keep it now: it is shown only this once.", err=True)
    if settings is None:
        click.echo("hint: textback.toml has no [webhooks], so no daemon listens for it", err=True)
    if not _is_on(mine, Flow(flow)):
        click.echo(f"hint: {one_line(mine.name)} has the flow {flow} off: nobody will be texted", err=True)


@webhook.command("list")
@config_option
@list_options
def list_webhooks(as_json: bool, **filters: Any) -> None:
    """Who may start what, and when they last did; the newest first.

    \b
    Example: textback webhook list
             textback webhook list --json --practice Riverside
    """
    with stored() as connection:
        rows = webhook_tokens.listing(connection, **filters)
    if as_json:
        for row in rows:
            json_line(row)
    elif rows:
        table([row | {name: local(row[name]) for name in _TIMES} for row in rows], COLUMNS)
    else:
        click.echo("no webhooks", err=True)


@webhook.command()
@config_option
@click.argument("ids", metavar="ID…", nargs=-1, required=True, type=click.IntRange(1, 2**31 - 1))
def revoke(ids: tuple[int, ...]) -> None:
    """Refuse what these addresses ask for, from now on.

    \b
    Example: textback webhook revoke 3
    """
    missing = []
    with changing() as connection:
        for one in ids:
            done = webhook_tokens.revoke(connection, one, system_clock())
            if done is None:
                missing.append(f"there is no webhook {one}: `textback webhook list` shows them")
            else:
                click.echo(f"webhook {one}: {'revoked' if done else 'was revoked before'}")
    if missing:
        raise Refused("\n".join(missing))


def _practice(connection: Connection, name: str | None) -> Practice:
    """The one that is named, or the only one."""
    practices = PracticeBook()(connection).practices
    found = [one for one in practices if name in (None, one.name)]
    if len(found) == 1:
        return found[0]
    if not practices:
        raise Refused("there is no practice yet: `textback practice apply FILE` loads one")
    names = one_line(", ".join(one.name for one in practices))
    asked = "there is no such practice; there is" if name else "say with --practice which one:"
    raise click.UsageError(f"{asked} {names}")


def _is_on(practice: Practice, flow: Flow) -> bool:
    if flow is Flow.MISSED:
        return practice.missed.during_hours.enabled or practice.missed.outside_hours.enabled
    return (practice.call_to_text if flow is Flow.CALL_TO_TEXT else practice.abandoned).enabled
