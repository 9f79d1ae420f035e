"""Whether the texting provider takes our credentials, has each line's number, and posts replies to us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from textback.config import Config, Twilio
from textback.doctor.asterisk.clocks import NOTICED
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning
from textback.practice import Line, Practice
from textback.sms import Fault, SendError
from textback.sms.twilio_account import Account, OwnedNumber, TwilioAccount
from textback.web.twilio import SMS, VOICE

_CONSOLE = "Twilio console, Phone Numbers, {}"
_SECRETS = "textback.toml, [sms.twilio]"


async def examine_provider(config: Config, practices: Sequence[Practice]) -> AsyncIterator[Finding]:
    """The account and the lines. No text is sent."""
    if config.sms.provider == "console" or config.sms.twilio is None:
        lines = ('provider = "twilio"', "[sms.twilio]", 'account_sid = "AC…"', 'auth_token_file = "twilio-token"')
        says = "texts are printed on the console, not sent"
        yield warning("provider", says, lines, "textback.toml, [sms]")
        return
    twilio = config.sms.twilio
    account = TwilioAccount(twilio.account_sid, twilio.auth_token.get_secret_value(), twilio.api_base, twilio.timeout)
    try:
        async for finding in _examine(config, account, practices, twilio):
            yield finding
    finally:
        await account.close()


async def _examine(
    config: Config, account: TwilioAccount, practices: Sequence[Practice], twilio: Twilio
) -> AsyncIterator[Finding]:
    try:
        about = await account.fetch()
    except SendError as error:
        yield _refused(error, twilio)
        return
    for finding in _account(about):
        yield finding
    for practice in practices:
        for line in practice.lines:
            try:
                owned = await account.number(line.number)
            except SendError as error:
                yield failed("line", f"{practice.name}, {line.name}: {error}")
                continue
            for finding in _line(config, practice, line, owned):
                yield finding


def _refused(error: SendError, twilio: Twilio) -> Finding:
    if error.kind is Fault.OURS:
        says = f"Twilio refuses the credentials of account {twilio.account_sid}: {error}"
        lines = (f'account_sid = "{twilio.account_sid}"', 'auth_token_file = "twilio-token"')
        return failed("provider", f"{says}; both stand at the top of its console", lines, _SECRETS)
    return failed("provider", f"Twilio cannot be asked: {error}", ("curl -I https://api.twilio.com/",), SHELL)


def _account(about: Account) -> Iterator[Finding]:
    if about.status != "active":
        yield failed("provider", f"Twilio says that the account is {about.status}: no text leaves")
    elif about.is_trial:
        says = "it is a trial account: it texts verified numbers only, and puts a line of its own before each text"
        yield warning("provider", says)
    else:
        yield ok("provider", "Twilio takes our credentials")
    if abs(about.offset) > NOTICED:
        says = f"our clock is {abs(about.offset):.0f} s {'behind' if about.offset > 0 else 'ahead of'} Twilio's"
        yield warning("provider", says, ("timedatectl set-ntp true",), SHELL)


def _line(config: Config, practice: Practice, line: Line, owned: OwnedNumber | None) -> Iterator[Finding]:
    name = f"{practice.name}, {line.name}"
    if owned is None:
        says = f"{name}: the account has no number {line.number}: buy or port it, or name one that it has"
        yield failed("line", says, (f'number = "{line.number}"',), f"the practice file of {practice.name}, [[line]]")
        return
    if not owned.texts:
        yield failed("line", f"{name}: {line.number} cannot send texts: it has no SMS capability")
        return
    yield ok("line", f"{name}: the account has {line.number}")
    public = config.webhooks.public_url if config.webhooks else None
    if config.sms.inbound == "poll" or public is None:
        yield skipped("replies", f"{name}: replies are fetched" if public else f"{name}: there is no public_url")
        return
    yield from _urls(name, line, owned, public)


def _urls(name: str, line: Line, owned: OwnedNumber, public: str) -> Iterator[Finding]:
    file = _CONSOLE.format(line.number)
    if owned.application:
        says = f"{name}: a TwiML app stands before the URLs of {line.number}: replies go where that says"
        yield warning("replies", says, (f"A message comes in: Webhook {public}{SMS} HTTP POST",), file)
    elif owned.sms_url.rstrip("/") != public + SMS or owned.sms_method.upper() != "POST":
        where = owned.sms_url or "nobody"
        says = f"{name}: Twilio posts replies to {where} (HTTP {owned.sms_method.upper()})"
        yield failed("replies", says, (f"A message comes in: Webhook {public}{SMS} HTTP POST",), file)
    else:
        yield ok("replies", f"{name}: Twilio posts replies to us")
    if line.main_number and line.main_number != line.number and owned.voice_url.rstrip("/") != public + VOICE:
        says = f"{name}: calls to {line.number} are not forwarded to the main number"
        yield warning("replies", says, (f"A call comes in: Webhook {public}{VOICE} HTTP POST",), file)
