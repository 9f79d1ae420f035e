"""Free ports on loopback for programs that cannot take port 0 themselves."""

from __future__ import annotations

import socket

_given: set[int] = set()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1", span: int = 1) -> int:
    """Returns an even port that is free, as are the `span` - 1 ports above it; never the same one twice."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((address, 0))
            port: int = probe.getsockname()[1] & ~1
        ports = range(port, port + span)
        if not _given.intersection(ports) and all(_is_free(kind, address, number) for number in ports):
            _given.update(ports)
            return port


def is_bound(address: str, port: int) -> bool:
    """Whether some process has the UDP port, as the kernel tells it."""
    wanted = f"{socket.htonl(int.from_bytes(socket.inet_aton(address), 'big')):08X}:{port:04X}"
    with open("/proc/net/udp", encoding="ascii") as table:
        return any(row.split()[1] == wanted for row in table)


def _is_free(kind: socket.SocketKind, address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
