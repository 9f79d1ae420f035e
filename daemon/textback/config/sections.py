"""The tables of textback.toml, each with its defaults: how the daemon reaches things."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, Strict, ValidationInfo

from textback.fields import Count, Duration, Flag, Language, OneLine, Section, WebAddress
from textback.mistakes import Expected

DEFAULT_PORTS = {"asterisk": 5038, "freeswitch": 8021}
DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")


class Address(NamedTuple):
    """Where a listener listens; port 0 takes any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost may be anything."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def _address(value: object) -> Address:
    try:
        parts = urlsplit(f"//{value if isinstance(value, str) else ''}")
        if parts.hostname and parts.port is not None and parts.netloc == value and "@" not in parts.netloc:
            return Address(parts.hostname, parts.port)
    except ValueError:  # no port, or no such port
        pass
    raise Expected('a host and a port such as "127.0.0.1:8080"')


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        raise Expected('an address or network such as "10.1.0.0/16"') from None


def _database_url(value: str) -> str:
    if not re.fullmatch(rf"({'|'.join(DATABASES)})(\+\w+)?://\S*", value):
        raise Expected("a URL that begins with " + ", ".join(f"{name}://" for name in DATABASES))
    return value


def _pbx_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        raise Expected("up to 64 letters, digits, dots, dashes or underscores")
    return value


def _usual_port(value: object, info: ValidationInfo) -> object:
    return DEFAULT_PORTS[info.data.get("kind", "asterisk")] if value is None else value


def _account_sid(value: str) -> str:
    if not re.fullmatch(r"AC[0-9A-Za-z]{1,62}", value):
        raise Expected("the account's SID, which begins with AC")
    return value


def _beside_the_file(value: str, info: ValidationInfo) -> str:
    """A relative path starts where textback.toml is; a URL stays as it is."""
    return value if "://" in value else str((info.context or {}).get("base", Path()) / value)


def _printable(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        raise Expected("a secret of printable characters")
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]{16,200}", secret.get_secret_value()):
        raise Expected("16 to 200 letters, digits or signs, without spaces")
    return secret


FilePath = Annotated[OneLine, AfterValidator(_beside_the_file)]
Secret = Annotated[SecretStr, Strict(), Field(min_length=1), AfterValidator(_printable)]
#: Whoever guesses it reads how many call; nobody is slowed down who tries.
MetricsToken = Annotated[SecretStr, Strict(), AfterValidator(_token)]
Listen = Annotated[Address, PlainValidator(_address)]
Networks = tuple[Annotated[IPv4Network | IPv6Network, PlainValidator(_network)], ...]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
PublicUrl = Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/"))]


class Database(Section):
    """[database]; the URL may hold a password."""

    url: Annotated[str, Strict(), AfterValidator(_database_url)] = Field(
        default="sqlite:///textback.db", repr=False
    )


class Http(Section):
    """[http]: pages for staff, health, metrics; ``metrics_token``: what a scrape from elsewhere must bring."""

    listen: Listen = Address("127.0.0.1", 8080)
    public_url: PublicUrl | None = None
    secret: Secret | None = None
    metrics_token: MetricsToken | None = None


class Webhooks(Section):
    """[webhooks]: the only listener that a proxy needs to publish."""

    listen: Listen = Address("127.0.0.1", 8081)
    public_url: PublicUrl | None = None


class Agi(Section):
    """[agi]: FastAGI hooks for Asterisk; ``allow`` names the callers where others could reach it."""

    listen: Listen = Address("127.0.0.1", 4573)
    allow: Networks = ()


class Esl(Section):
    """[esl]: the same hooks for FreeSWITCH, by outbound event socket."""

    listen: Listen = Address("127.0.0.1", 8084)
    allow: Networks = ()


class Pbx(Section):
    """[[pbx]]: one Asterisk (AMI) or FreeSWITCH (ESL); ``language`` is the one its channels have by default."""

    name: Annotated[str, Strict(), AfterValidator(_pbx_name)] = ""
    kind: Literal["asterisk", "freeswitch"] = "asterisk"
    host: OneLine = "127.0.0.1"
    port: Annotated[Port, BeforeValidator(_usual_port)] = Field(default=None, validate_default=True)
    username: OneLine | None = None
    secret: Secret = SecretStr("")
    trunks: tuple[OneLine, ...] = ()
    inbound_contexts: tuple[OneLine, ...] = ()
    tls: Flag = False
    tls_ca: FilePath | None = None
    queue_log: FilePath | None = None
    cdr: FilePath | None = Field(default=None, repr=False)
    language: Language = "en"


class Twilio(Section):
    """[sms.twilio]; ``timeout`` in seconds, for a whole request.

    ``lookup``: ask what a number is connected to before it is texted, which costs; ``answers_stop``: Twilio itself
    answers the opt-out words of its own list, as it does unless its support has switched that off.
    """

    account_sid: Annotated[str, Strict(), AfterValidator(_account_sid)] = ""
    auth_token: Secret = SecretStr("")
    api_base: PublicUrl | None = None
    timeout: Duration = 15.0
    lookup: Flag = False
    answers_stop: Flag = True


class Sms(Section):
    """[sms]: the provider; ``rate`` in segments per second, ``per_day`` in segments, 0 for no limit.

    ``poll``: seconds between two fetches where ``inbound`` is ``poll``.
    """

    provider: Literal["console", "twilio"] = "console"
    rate: Annotated[float, Field(strict=True, gt=0, le=1000, allow_inf_nan=False)] = 1.0
    per_day: Count = 0
    price_per_segment: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0
    inbound: Literal["webhook", "poll"] = "webhook"
    poll: Annotated[Duration, Field(ge=1.0)] = 10.0
    twilio: Twilio | None = None


class Log(Section):
    """[log]"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    log_numbers: Flag = False


class Config(Section):
    """textback.toml; a listener whose table is missing is not opened, but for the pages."""

    database: Database = Database()
    http: Http = Http()
    webhooks: Webhooks | None = None
    agi: Agi | None = None
    esl: Esl | None = None
    pbx: tuple[Pbx, ...] = ()
    sms: Sms = Sms()
    log: Log = Log()
