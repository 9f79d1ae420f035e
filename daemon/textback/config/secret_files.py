"""Secrets that textback.toml does not hold itself, but names the file of."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from textback.config.telling import WHSEC
from textback.mistakes import Mistake, shown

#: What may be given as ``KEY_file`` instead, by the table it stands in.
SECRETS = (
    ("database", "url"), ("http", "secret"), ("http", "metrics_token"), ("pbx", "secret"), ("sms.twilio", "auth_token"),
    ("mail", "password"), ("notify", "signing_key"),
)  # fmt: skip
#: What stands for a secret that could not be read while the rest is checked.
UNREAD = {
    "database": "sqlite://", "http": "-" * 16, "pbx": "-", "sms.twilio": "-", "mail": "-",
    "notify": f"{WHSEC}{'A' * 32}",
}  # fmt: skip


def why(error: OSError) -> str:
    """Why a file cannot be read, in a few words."""
    return (error.strerror or type(error).__name__).lower()


def read_secrets(document: dict[str, Any], base: Path) -> Iterator[Mistake]:
    """Moves what stands in the file that ``KEY_file`` names to ``KEY``, for each table that has such a key."""
    for section, name in SECRETS:
        for key, table in _tables(document, section):
            if f"{name}_file" not in table:
                continue
            file = table.pop(f"{name}_file")
            secret = (
                Mistake("", f'"{name}" as well', "only one of the two")
                if name in table
                else _secret(base, file)
            )
            if isinstance(secret, Mistake):
                yield replace(secret, key=f"{key}.{name}_file")
                table.setdefault(name, UNREAD[section])
            else:
                table[name] = secret


def _tables(document: dict[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    at: Any = document
    for step in section.split("."):
        at = at.get(step) if isinstance(at, dict) else None
    several = enumerate(at) if isinstance(at, list) else [(None, at)]
    for number, table in several:
        if isinstance(table, dict):
            yield section if number is None else f"{section}[{number}]", table


def _secret(base: Path, file: object) -> str | Mistake:
    """The one line in ``file``; a secret of several could add headers to what it is sent in."""
    if not isinstance(file, str) or not file:
        return Mistake("", shown(file), "the path of a file")
    try:
        secret = _read_secret(base, file)
    except OSError as error:
        return Mistake("", f"{shown(file)}: {why(error)}", f"a file that {_who()} can read")
    except ValueError:
        return Mistake("", f"{shown(file)}, not UTF-8", "a file with the secret as its only line")
    if not secret or not secret.isprintable():
        return Mistake("", shown(file), "a file with the secret as its only line")
    return secret


def _who() -> str:
    """Whose command this is."""
    try:
        return f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"the user {os.geteuid()}"


def _read_secret(base: Path, file: str) -> str:
    """What stands in a file beside textback.toml, else in the credential that systemd made of it for the daemon.

    That is readable where the file itself is root's alone. ``LoadCredential=secrets:DIRECTORY`` names what is in the
    directory ``secrets_FILE`` (systemd.exec(5)); of ``${CREDENTIALS_DIRECTORY}/ID`` only the credential is meant.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    path = base / file.replace("${CREDENTIALS_DIRECTORY}", credentials or "${CREDENTIALS_DIRECTORY}")
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except OSError:
        beside = str(path).removeprefix(f"{base}/")
        kept = Path(credentials) / beside.replace("/", "_")
        if not credentials or not kept.is_file():
            raise
        return kept.read_text("utf-8").rstrip("\r\n")
