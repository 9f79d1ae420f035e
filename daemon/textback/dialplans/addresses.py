"""Where a PBX reaches the daemon, and where it sees the daemon come from."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from textback.dialplans.names import DialplanError, host

Ip = IPv4Address | IPv6Address

_LOCALHOST = "localhost"


class Listener(NamedTuple):
    """How hooks are asked: the table in textback.toml, its usual port, and what an address begins with."""

    section: str
    port: int
    scheme: str


AGI, ESL = Listener("agi", 4573, "agi://"), Listener("esl", 8084, "")


@dataclass(frozen=True, slots=True)
class Reach:
    """``hooks``: their address; ``permits``: where we are seen to come from; ``remarks``: what stands in the way."""

    hooks: str
    permits: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def reach(
    pbx: str, pbx_host: str, listen: tuple[str, int] | None, here: str | None = None, listener: Listener = AGI
) -> Reach:
    """How the PBX at ``pbx_host`` and we reach each other.

    ``listen``: host and port of the hooks, None where they are switched off. ``here``: the IP address of this computer
    as the PBX sees it, if it was told. Raises ``DialplanError`` where it cannot be known.
    """
    section = listener.section
    name, port = listen or ("127.0.0.1", listener.port)
    if port == 0:
        raise DialplanError(f"{section}.listen: found port 0, expected a port of its own: dialplans have to name it")
    ours = _ip(name)
    sees = [_ip(here)] if here else _seen(pbx, pbx_host, ours)
    address = host(here or _hooks(name, ours, sees), f"{section}.listen")
    is_near = _is_loopback(pbx_host)
    remarks = []
    if listen is None:
        remarks.append(
            f"there is no [{section}] in textback.toml, so nobody listens at {address}:{port}: without it, a key is"
            " seen on the link only"
        )
    elif not is_near and _is_loopback(name):
        remarks.append(
            f"{section}.listen is {name}, where {pbx} at {pbx_host} cannot reach it: let it listen on another address,"
            f' with allow = ["{pbx_host}"]'
        )
    if not listener.scheme:
        address = address.strip("[]")  # FreeSWITCH takes what stands before the last colon for the host
    permits = tuple(_network(ip) for ip in sees if ip)
    return Reach(f"{listener.scheme}{address}:{port}", permits, tuple(remarks))


def _hooks(name: str, ours: Ip | None, sees: list[Ip | None]) -> str:
    """The host that the PBX asks; where the hooks listen everywhere, where it sees us."""
    if ours is None or not ours.is_unspecified:
        return name
    same = [ip for ip in sees if ip and ip.version == ours.version]
    return str(same[0]) if same else ("::1" if ours.version == 6 else "127.0.0.1")


def _seen(pbx: str, pbx_host: str, ours: Ip | None) -> list[Ip | None]:
    """Where our connections come from, as the PBX sees them."""
    if _is_loopback(pbx_host):
        both = [_ip("127.0.0.1"), _ip("::1")]
        theirs = _ip(pbx_host)
        return both if theirs is None else both[:1] if theirs.version == 4 else both[1:]
    if ours is None or ours.is_unspecified or ours.is_loopback:
        raise DialplanError(
            f"{pbx} is on another computer ({pbx_host}): say --address, the IP address at which it sees this one"
        )
    return [ours]


def _ip(text: str) -> Ip | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    ip = _ip(name)
    return name == _LOCALHOST if ip is None else ip.is_loopback


def _network(ip: Ip) -> str:
    return f"{ip}/255.255.255.255" if ip.version == 4 else f"{ip}/128"
