"""Which addresses are inside: this machine, its network, or a cloud's own; nobody may have us post there unasked."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: IPv6 networks whose addresses lead to an IPv4 one, and by how many bits that stands from the right: RFC 4291, 2.5.5;
#: RFC 6052; RFC 3056.
_LEADING = ((ip_network("::ffff:0:0/96"), 0), (ip_network("::/96"), 0), (ip_network("64:ff9b::/96"), 0),
            (ip_network("2002::/16"), 80))  # fmt: skip
#: The same, with the bits inverted: RFC 4380, 4.
_TEREDO = ip_network("2001::/32")
#: What ``ipaddress`` does not call inside: the site's own (RFC 3879), NAT64 of a house (RFC 8215), Azure's own server.
_MORE = (ip_network("fec0::/10"), ip_network("64:ff9b:1::/48"), ip_network("168.63.129.16/32"))
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal")
_IPV4 = 0xFFFFFFFF


def may_be_reached(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether a stranger's wish may lead there: to what is allowed, and to what belongs to the whole internet.

    Private, loopback, link-local (a cloud's metadata), shared (CGNAT), multicast and reserved ones are inside, and so
    is an IPv6 address that leads to one of these.
    """
    meant = _led_to(address)
    if any(one in network for one in (address, meant) for network in allowed):
        return True
    is_inside = meant.is_multicast or meant.is_reserved or any(meant in network for network in _MORE)
    return meant.is_global and not is_inside


def address_of(host: str) -> Address | None:
    """The address that a host is, in any spelling that ``connect`` understands (``127.1``); None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_refused(url: str, allowed: Iterable[Network]) -> bool:
    """Whether it can be told without asking anybody that a URL leads inside; what is no URL at all does not."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    networks = tuple(allowed)
    address = address_of(host)
    if address is not None:
        return not may_be_reached(address, networks)
    # A name may be allowed by its address only, which is looked at when it is posted to.
    return host.rpartition(".")[2].lower() in _LOCAL_NAMES and not networks


def _led_to(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, if it does; else itself."""
    if isinstance(address, IPv6Address) and int(address) > 1:  # not :: and ::1
        if address in _TEREDO:
            return IPv4Address(~int(address) & _IPV4)
        for network, shift in _LEADING:
            if address in network:
                return IPv4Address(int(address) >> shift & _IPV4)
    return address
