"""The kinds of values that only textback.toml has: listeners, networks, ports, files, secrets."""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, SecretStr, Strict, ValidationInfo

from textback.fields import OneLine, WebAddress, read_age
from textback.mistakes import Expected

DAY = 86_400.0
#: Seconds: the answer of a person may count for a reply within seven days, and the reply for a call within one.
SHORTEST_AGE = 10 * DAY
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


def usual_port(value: object, info: ValidationInfo) -> object:
    """That of the kind of PBX, where none is given."""
    return DEFAULT_PORTS[info.data.get("kind", "asterisk")] if value is None else value


def _account_sid(value: str) -> str:
    if not re.fullmatch(r"AC[0-9A-Za-z]{1,62}", value):
        raise Expected("the account's SID, which begins with AC")
    return value


def _beside_the_file(value: str, info: ValidationInfo) -> str:
    """A relative path starts where textback.toml is; a URL stays as it is."""
    return value if "://" in value else str((info.context or {}).get("base", Path()) / value)


def _time_of_day(value: object) -> int:
    try:
        at = datetime.strptime(value if isinstance(value, str) else "", "%H:%M")
    except ValueError:
        raise Expected('a time of day such as "03:30"') from None
    return at.hour * 60 + at.minute


def _long_enough(seconds: float) -> float:
    if seconds < SHORTEST_AGE:
        raise Expected(f'at least "{SHORTEST_AGE / DAY:.0f}d", since the reports look so far back')
    return seconds


def _printable(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        raise Expected("a secret of printable characters")
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]{16,200}", secret.get_secret_value()):
        raise Expected("16 to 200 letters, digits or signs, without spaces")
    return secret


#: Whoever guesses it reads how many call; nobody is slowed down who tries.
MetricsToken = Annotated[SecretStr, Strict(), AfterValidator(_token)]
Age = Annotated[float, PlainValidator(read_age)]
LongAge = Annotated[float, PlainValidator(lambda value: _long_enough(read_age(value)))]
TimeOfDay = Annotated[int, PlainValidator(_time_of_day)]
FilePath = Annotated[OneLine, AfterValidator(_beside_the_file)]
Secret = Annotated[SecretStr, Strict(), Field(min_length=1), AfterValidator(_printable)]
Listen = Annotated[Address, PlainValidator(_address)]
Networks = tuple[Annotated[IPv4Network | IPv6Network, PlainValidator(_network)], ...]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
PublicUrl = Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/"))]
AccountSid = Annotated[str, Strict(), AfterValidator(_account_sid)]
DatabaseUrl = Annotated[str, Strict(), AfterValidator(_database_url)]
PbxName = Annotated[str, Strict(), AfterValidator(_pbx_name)]
