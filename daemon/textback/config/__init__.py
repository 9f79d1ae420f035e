"""The only reader of textback.toml and of practice files: finds them, reads them, reports every mistake at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from textback.config.kinds import SHORTEST_AGE, Address
from textback.config.secret_files import read_secrets, why
from textback.config.sections import Agi, Config, Database, Esl, Http, Log, Pbx, Retention, Sms, Twilio, Webhooks
from textback.config.telling import Mail, Notify, mail_mistakes, missing_ca
from textback.mistakes import Mistake, not_yet_told, read_leniently, required
from textback.practice import Practice, PracticeError, read_practice

__all__ = [
    "Address",
    "Agi",
    "Config",
    "ConfigError",
    "Database",
    "Esl",
    "Http",
    "Log",
    "Mail",
    "Mistake",
    "Notify",
    "Pbx",
    "Retention",
    "SHORTEST_AGE",
    "Sms",
    "Twilio",
    "Webhooks",
    "find",
    "load",
    "load_practice_file",
]

PLACES = (Path("textback.toml"), Path("/etc/textback/textback.toml"))
LONGEST_FILE = 1_000_000  # bytes


class ConfigError(Exception):
    """A file that can't be used; its text has one line per mistake: file, key, found, expected."""

    def __init__(self, path: Path | str, mistakes: Iterable[Mistake]) -> None:
        self.path = Path(path)
        self.mistakes = list(mistakes)
        super().__init__("\n".join(f"{path}: {mistake}" for mistake in self.mistakes))


def find(option: str | None) -> Path:
    """Where textback.toml is: ``--config``, else $TEXTBACK_CONFIG, else here, else in /etc/textback."""
    named = option or os.environ.get("TEXTBACK_CONFIG")
    if named:
        return Path(named)
    for path in PLACES:
        if os.path.isfile(path):  # not there, too, where whoever asks may not even look
            return path
    expected = " or ".join(map(str, PLACES)) + ", or another one named by --config or $TEXTBACK_CONFIG"
    raise ConfigError(PLACES[0], [Mistake("file", "nothing", expected)])


def load_told(path: Path | str) -> Config:
    """``load`` for a file that must say something: an empty one was cut off, and nobody means what it would mean."""
    config = load(path)
    if not config.model_fields_set:
        raise ConfigError(path, [Mistake("file", "nothing", "at least one table, such as [[pbx]]")])
    return config


def load(path: Path | str) -> Config:
    """Reads and checks textback.toml; files that it names are looked for beside it."""
    document = _parse(path)
    secrets = list(read_secrets(document, Path(path).parent))
    config, mistakes = read_leniently(Config, document, {"base": Path(path).parent})
    mistakes = secrets + not_yet_told(secrets, mistakes)
    mistakes += not_yet_told(mistakes, _check(config))
    if mistakes:
        raise ConfigError(path, mistakes)
    return config


def load_practice_file(path: Path | str) -> Practice:
    """Reads and checks a practice file."""
    try:
        return read_practice(_parse(path))
    except PracticeError as wrong:
        raise ConfigError(path, wrong.mistakes) from None


def _parse(path: Path | str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST_FILE + 1)
        if len(text) > LONGEST_FILE:
            raise ConfigError(path, [Mistake("file", "a file of more than 1 MB", "a TOML file")])
        return tomllib.loads(text.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(path, [Mistake("file", why(error), "a file that can be read")]) from None
    except UnicodeDecodeError as error:
        found = f"bytes that are not UTF-8 (at {error.start})"
        raise ConfigError(path, [Mistake("file", found, "a TOML file in UTF-8")]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(path, [Mistake("file", str(error)[:200], "a TOML file")]) from None


def _check(config: Config) -> Iterator[Mistake]:
    yield from _listener_mistakes(config)
    names = [pbx.name for pbx in config.pbx]
    for at, pbx in enumerate(config.pbx):
        yield from _pbx_mistakes(f"pbx[{at}]", pbx)
        if pbx.name and pbx.name in names[:at]:
            yield Mistake(f"pbx[{at}].name", f'"{pbx.name}" a second time', "each name once")
    if config.sms.provider == "twilio":
        twilio = config.sms.twilio or Twilio()
        account, token = "the account's SID, which begins with AC", "the account's token (or auth_token_file)"
        yield from required("sms.twilio", twilio, account_sid=account, auth_token=token)
    if config.mail is not None:
        yield from mail_mistakes(config.mail)


def _listener_mistakes(config: Config) -> Iterator[Mistake]:
    listeners = {"http": config.http, "webhooks": config.webhooks, "agi": config.agi, "esl": config.esl}
    taken: dict[Address, str] = {}
    for name, listener in listeners.items():
        if listener is None:
            continue
        if isinstance(listener, (Agi, Esl)) and not listener.listen.is_loopback and not listener.allow:
            expected = "the networks that may call the hooks, as it listens beyond loopback"
            yield Mistake(f"{name}.allow", "nothing", expected)
        first = taken.setdefault(listener.listen, name)
        if first != name and listener.listen.port:
            yield Mistake(f"{name}.listen", f"the address of [{first}]", "an address of its own")


def _pbx_mistakes(key: str, pbx: Pbx) -> Iterator[Mistake]:
    yield from required(
        key, pbx, name="a name for it", kind="asterisk or freeswitch", secret="its password (or secret_file)"
    )
    if pbx.kind == "asterisk" and "kind" in pbx.model_fields_set:
        yield from required(key, pbx, username="the name of the manager user")
    if pbx.kind == "freeswitch" and pbx.queue_log is not None:
        yield Mistake(f"{key}.queue_log", "a file", "to be left out: only an Asterisk has one")
    if not pbx.trunks:
        usual = "PJSIP/trunk-*" if pbx.kind == "asterisk" else "sofia/external/*"
        yield Mistake(f"{key}.trunks", "nothing", f'the channels whose far end is outside, such as ["{usual}"]')
    yield from missing_ca(key, pbx.tls_ca)
