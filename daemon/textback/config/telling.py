"""The tables of textback.toml by which staff are told of replies: the mail server, and how webhooks are signed."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, Strict, ValidationInfo

from textback.config.kinds import Address, FilePath, Networks, Port, Secret
from textback.destinations import EmailAddress
from textback.fields import Duration, OneLine, Section
from textback.mistakes import Expected, Mistake, required, shown

#: Of a mail server, by how it is spoken to.
MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
#: What the key of webhooks begins with.
WHSEC = "whsec_"


def _usual_mail_port(value: object, info: ValidationInfo) -> object:
    return MAIL_PORTS[info.data.get("tls", "starttls")] if value is None else value


def _signing_key(secret: SecretStr) -> SecretStr:
    """As the Standard Webhooks have it: 24 to 64 bytes, https://www.standardwebhooks.com."""
    prefix, text = secret.get_secret_value()[: len(WHSEC)], secret.get_secret_value()[len(WHSEC) :]
    try:
        if prefix == WHSEC and 24 <= len(base64.b64decode(text, validate=True)) <= 64:
            return secret
    except binascii.Error:
        pass
    raise Expected(f'"{WHSEC}" and 24 to 64 bytes in base64, as `echo {WHSEC}$(openssl rand -base64 32)` makes it')


SigningKey = Annotated[SecretStr, Strict(), AfterValidator(_signing_key)]


class Mail(Section):
    """[mail]: the server that takes e-mail to staff; ``timeout``: seconds that all of one may take."""

    host: OneLine = ""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    port: Annotated[Port, BeforeValidator(_usual_mail_port)] = Field(default=None, validate_default=True)
    tls_ca: FilePath | None = None
    username: OneLine | None = None
    password: Secret | None = None
    sender: EmailAddress = Field(default="", alias="from")
    timeout: Annotated[Duration, Field(ge=1.0, le=120.0)] = 60.0


class Notify(Section):
    """[notify]: webhooks that tell of replies; ``allow_private``: networks of ours that may be posted to."""

    signing_key: SigningKey | None = None
    allow_private: Networks = ()
    timeout: Annotated[Duration, Field(ge=1.0, le=120.0)] = 20.0


def mail_mistakes(mail: Mail) -> Iterator[Mistake]:
    """What only shows in the whole table."""
    yield from required("mail", mail, host="the name of the mail server")
    if not mail.sender:
        yield Mistake("mail.from", "nothing", "the address that e-mail comes from")
    if (mail.username is None) != (mail.password is None):
        missing = "password" if mail.password is None else "username"
        yield Mistake(f"mail.{missing}", "nothing", "both username and password (or password_file), or neither")
    if mail.tls == "none" and mail.password is not None and not Address(mail.host, mail.port).is_loopback:
        yield Mistake("mail.tls", '"none"', "starttls or tls, as a password goes to another machine")
    yield from _unfit_ca("mail", mail.tls_ca)


def _unfit_ca(key: str, tls_ca: str | None) -> Iterator[Mistake]:
    """That a file of certificates is not there, or holds none: it is read once, when the daemon begins to use it."""
    missing = list(missing_ca(key, tls_ca))
    yield from missing
    if tls_ca and not missing:
        try:
            ssl.create_default_context(cafile=tls_ca)
        except OSError:
            yield Mistake(f"{key}.tls_ca", shown(tls_ca), "a file with certificates that can be read")


def missing_ca(key: str, tls_ca: str | None) -> Iterator[Mistake]:
    """That a file of certificates is not there."""
    if tls_ca and not Path(tls_ca).is_file():
        yield Mistake(f"{key}.tls_ca", shown(tls_ca), "a file with certificates")
