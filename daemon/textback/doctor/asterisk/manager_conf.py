"""The daemon's user as manager.conf has it: its rights, where it may come from, and which events it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from textback.doctor.asterisk.confs import Conf, Entry
from textback.doctor.asterisk.filters import Filter, read_filter

Network = IPv4Network | IPv6Network
ALL_CLASSES = frozenset(
    "system call log verbose command agent user config dtmf reporting cdr dialplan originate agi cc aoc test security"
    " message".split()
)


@dataclass(frozen=True, slots=True)
class ManagerUser:
    """``rules``: deny and permit in their order; ``unjudged``: lines about events in a syntax that is not judged."""

    name: str
    secret: str
    read: frozenset[str]
    write: frozenset[str]
    filters: tuple[Filter, ...]
    rules: tuple[tuple[bool, str], ...]
    unjudged: tuple[str, ...] = ()

    def admits(self, address: str) -> bool | None:
        """Whether somebody from there may log in: the last rule that fits holds; None where that cannot be told."""
        ip, admitted = ip_address(address), True
        for permits, text in self.rules:
            network = _network(text)
            if network is None:
                return None
            if ip.version == network.version and ip in network:
                admitted = permits
        return admitted


def user_of(conf: Conf, name: str) -> ManagerUser | None:
    """The user of that name; None if there is none."""
    entries = conf.sections.get(name)
    if entries is None or name == "general":
        return None
    judged = [entry for entry in entries if entry.name.lower() == "eventfilter"]
    others = [entry for entry in entries if entry.name.lower().startswith("eventfilter(")]
    rules = [(entry.name.lower() in ("permit", "allow"), text) for entry, text in _rules(entries)]
    return ManagerUser(
        name,
        conf.value(name, "secret") or "",
        classes(conf.value(name, "read")),
        classes(conf.value(name, "write")),
        tuple(read_filter(entry) for entry in judged),
        tuple(rules),
        tuple(entry.line.strip() for entry in others),
    )


def classes(text: str | None) -> frozenset[str]:
    """What a read or write line names; "all" is each of them."""
    names = frozenset(part.strip().lower() for part in (text or "").split(",") if part.strip())
    return ALL_CLASSES if "all" in names else names


def channelvars(conf: Conf) -> list[str]:
    """What stands in ``channelvars`` under [general]."""
    return [part.strip() for part in (conf.value("general", "channelvars") or "").split(",") if part.strip()]


def _rules(entries: Sequence[Entry]) -> list[tuple[Entry, str]]:
    acl = [entry for entry in entries if entry.name.lower() in ("permit", "allow", "deny")]
    return [(entry, part.strip()) for entry in acl for part in entry.value.split(",") if part.strip()]


def _network(text: str) -> Network | None:
    address, slash, mask = text.partition("/")
    try:
        if slash and mask == address == "::":
            return ip_network("::/0")
        return ip_network(f"{address}/{mask}" if slash else address, strict=False)
    except ValueError:
        return None
