"""event_socket.conf.xml and the lists of acl.conf.xml: who is let in where, as FreeSWITCH makes it out of them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.tags import Node

EVENT_SOCKET = "event_socket.conf"
#: what FreeSWITCH does where nothing is said (mod_event_socket.c)
PASSWORD, ACL = "ClueCon", "loopback.auto"
_LISTEN = "127.0.0.1"
_EVERYWHERE = ("0.0.0.0", "::")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fe80::/10")
#: lists that FreeSWITCH makes itself, as far as they do not depend on its own addresses
_AUTO = {"loopback.auto": ("127.0.0.0/8", "::1/128"), "rfc1918.auto": _PRIVATE, "any_v4.auto": ("0.0.0.0/0",),
         "any_v6.auto": ("::/0",)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SocketConf:
    """The event socket as it is written down; of each setting the last counts, and every list must let one in."""

    settings: Node
    file: str
    port: int
    listen: str
    password: str
    acls: tuple[str, ...]

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on every address."""
        return self.listen in _EVERYWHERE

    def param(self, name: str) -> Node | None:
        """The line that counts; None where there is none."""
        return next(reversed(self.settings.params(name)), None)

    def shuts_out(self, conf: Conf, address: str) -> str | None:
        """The list that does not let that address in; None if none is known to."""
        return next((name for name in self.acls if admits(conf, name, address) is False), None)


def socket_of(conf: Conf | None) -> SocketConf | None:
    """None where it was not read."""
    settings = conf.settings(EVENT_SOCKET) if conf else None
    if conf is None or settings is None:
        return None
    told = {one.get("name"): one.get("value") for one in settings.of("param")}
    port = told.get("listen-port", "8021")
    acls = tuple(one.get("value") for one in settings.params("apply-inbound-acl") if one.get("value"))
    return SocketConf(
        settings=settings,
        file=conf.file_of(EVENT_SOCKET),
        port=int(port) if port.isdecimal() else 8021,
        listen=told.get("listen-ip") or _LISTEN,
        password=told.get("password") or PASSWORD,
        acls=acls or (ACL,),
    )


def admits(conf: Conf, name: str, address: str) -> bool | None:
    """Whether a list lets an address in; None where that depends on what only the PBX knows."""
    if "/" in name:
        return _is_in(address, name.split(","))
    if name in _AUTO:
        return _is_in(address, _AUTO[name])
    if name.endswith(".auto"):
        return None
    found = _list(conf, name)
    if found is None:
        return False
    nodes = [one for one in found.of("node")]
    if any(not one.get("cidr") and not one.get("host") for one in nodes):
        return None  # a domain: its users' addresses
    verdict = found.get("default") in ("allow", "true", "yes")
    longest = -1
    for one in nodes:
        bits = _bits(address, one.get("cidr") or f"{one.get('host')}/{one.get('mask') or '32'}")
        if bits is not None and bits > longest:  # the narrowest counts
            longest, verdict = bits, one.get("type") != "deny"
    return verdict


def _list(conf: Conf, name: str) -> Node | None:
    acl = conf.configurations.get("acl.conf")
    lists = [one for one in acl.walk() if one.tag == "list" and one.get("name") == name] if acl else []
    return lists[0] if lists else None


def _is_in(address: str, networks: tuple[str, ...] | list[str]) -> bool:
    return any(_bits(address, network) is not None for network in networks)


def _bits(address: str, networks: str) -> int | None:
    """How narrow the network is that has the address in it; None if it has not."""
    found = None
    for network in networks.split(","):
        try:
            there = ip_network(network.strip(), strict=False)
        except ValueError:
            continue
        ip = ip_address(address)
        if ip.version == there.version and ip in there:
            found = max(found or 0, there.prefixlen)
    return found
