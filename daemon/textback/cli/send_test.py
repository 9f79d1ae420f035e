"""``textback send-test``: one text to a number of yours, to see that the provider takes it."""

from __future__ import annotations

import asyncio
import uuid

import click

from textback import numbers
from textback.book import PracticeBook
from textback.cli.database import stored
from textback.cli.faults import Refused
from textback.cli.output import one_line
from textback.cli.settings import config_option, config_path, configuration
from textback.clock import system_clock
from textback.config import Config
from textback.practice import Practice
from textback.providers import provider_of
from textback.sms import Accepted, Fault, Outgoing, SendError
from textback.store import people

ADVICE = {
    Fault.PERMANENT: "this number cannot be texted",
    Fault.LANDLINE: "try a mobile number",
    Fault.OPTED_OUT: "they must text START to the line first",
    Fault.POLICY: "see the provider's console",
    Fault.OURS: "put it right under [sms] in {path}, or at the provider",
    Fault.SENDER: "put the line's number right at the provider, or in the practice",
    Fault.NOT_PROCESSED: "nothing was sent: try again later",
    Fault.UNKNOWN: "it may have been sent all the same: look at the provider before you try again",
}


@click.command("send-test")
@config_option
@click.option("--practice", "name", metavar="NAME", help="From this practice's line, if there are several.")
@click.option("--line", metavar="LINE", help="From this line, by its name or number; else from the first one.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("number")
def send_test(number: str, name: str | None, line: str | None, yes: bool) -> None:
    """Send one test text to NUMBER. It leaves no trace in the log.

    \b
    Example: textback send-test +12025550123
    """
    config = configuration()
    with stored() as connection:
        practice = _practice(PracticeBook()(connection).practices, name)
        to = _textable(number, practice)
        known = people.known(connection, [to], practice_of={to: practice.name}, now=system_clock())
    if known[to].opted_out:
        raise Refused("they opted out of texts: nothing was sent")
    body = f"This is {practice.name}. This is a test of textback: texts from here arrive."
    sender = _line(practice, line)
    if not yes:
        _confirm(f"Send one text from {sender} to {to} through {config.sms.provider}?")
    message = Outgoing(str(uuid.uuid4()), to, sender, body)
    try:
        accepted = asyncio.run(_send(config, message))
    except SendError as error:
        advice = ADVICE[error.kind].format(path=config_path())
        raise Refused(f"{config.sms.provider}: {error}: {advice}") from None
    click.echo(f"{config.sms.provider} took it: {accepted.status}, id {accepted.provider_id}")


def _confirm(question: str) -> None:
    try:
        said = click.confirm(question)
    except click.Abort:
        raise Refused("\nnothing was sent: nobody answered; --yes sends without asking") from None
    if not said:
        raise Refused("nothing was sent")


async def _send(config: Config, message: Outgoing) -> Accepted:
    provider = provider_of(config)
    try:
        return await provider.send(message)
    finally:
        await provider.close()


def _practice(practices: tuple[Practice, ...], name: str | None) -> Practice:
    found = [one for one in practices if name in (None, one.name)]
    if len(found) == 1:
        return found[0]
    if not practices:
        raise Refused("there is no practice yet, so no line to send from: run `textback practice apply FILE`")
    known = ", ".join(one_line(one.name) for one in practices)
    raise click.UsageError(f"say with --practice whose line it is: {known}")


def _line(practice: Practice, name: str | None) -> str:
    for line in practice.lines:
        if name in (None, line.name, line.number):
            return line.number
    known = ", ".join(one_line(line.name) for line in practice.lines)
    raise click.UsageError(f"say with --line from which line: {known}")


def _textable(text: str, practice: Practice) -> str:
    """The number in E.164, if a text may go there."""
    number = numbers.read(text, practice.region)
    if number.e164 is None or number.kind is not numbers.NumberKind.ORDINARY:
        raise click.UsageError('NUMBER is no number that can be texted: expected one such as "+12025550123"')
    if practice.mode == "test" and number.e164 not in practice.test_numbers:
        raise Refused(f"{one_line(practice.name)} is in test mode: add the number to test_numbers, then apply the file")
    return number.e164
