"""By what names these pages may be asked for, from which pages their forms may come, and from where somebody asks."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)\.?(?::[0-9]{1,5})?")
HOME, SIGN_IN, SIGN_OUT = "/", "/sign-in", "/sign-out"
LONGEST_NEXT = 2000
_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


class Places:
    """What follows from ``[http]``: ``listen`` (host and port), and ``public_url``, by which a browser knows us.

    A name that somebody else owns may point to our address (DNS rebinding): a page of theirs would then read ours.
    An address is nobody's name, so addresses are right, and else only the names that are known to be ours.
    """

    def __init__(self, listen: tuple[str, int], public_url: str | None = None, names: Iterable[str] = ()) -> None:
        here = socket.gethostname().lower()
        self._names = {"localhost", here, here.partition(".")[0], listen[0].lower(), *map(str.lower, names)}
        self._public = _origin(public_url) if public_url else None

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us by HTTPS."""
        return self._public is not None and self._public[0] == "https"

    def knows(self, host: str) -> bool | None:
        """Whether what stands in the header ``Host`` is ours; None if it is no host at all."""
        found = _HOST.fullmatch(host)
        if found is None:
            return None
        name = found[1].lower().strip("[]")
        return _is_address(name) or name in self._names or (self._public is not None and name == self._public[1])

    def is_ours(self, origin: str, host: str) -> bool:
        """Whether a form came from a page of ours, by its ``Origin``; ``host`` is what was asked for.

        A proxy may pass on another ``Host`` than the browser's, so what is public is ours whatever that says.
        """
        given = _origin(origin)
        if given is None:
            return False
        if self._public is not None and (given == self._public or given[1] == self._public[1]):
            return given == self._public
        return given == _origin(f"http://{host}")

    def address_of(self, request: HTTPConnection) -> str:
        """From where somebody asks. A proxy on this machine says it in the last hop of ``X-Forwarded-For``.

        That is believed only where there is to be a proxy (``public_url``), and of nobody on another machine.
        """
        peer = request.client.host if request.client else ""
        if self._public is not None and _is_loopback(peer):
            told = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip().strip("[]")
            return told if _is_address(told) else peer
        return peer


def network_of(address: str) -> str:
    """An address as guesses are counted: of IPv6 the network, which is one customer's."""
    if not _is_address(address):
        return address
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed.packed, 64), strict=False))
    return address


def local_path(target: str) -> str:
    """``target``, if it is a path of ours and nothing that a browser could take for another host; else home.

    Browsers read a backslash as a slash, and skip control characters (URL standard, 4.4).
    """
    if not target.startswith("/") or target.startswith("//") or "\\" in target or len(target) > LONGEST_NEXT:
        return HOME
    if not target.isascii() or not target.isprintable() or " " in target:
        return HOME
    try:
        parts = urlsplit(target)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc or parts.path in (SIGN_IN, SIGN_OUT) else target


def _origin(url: str) -> Origin | None:
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.scheme not in _DEFAULT_PORTS:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port


def _is_address(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback
