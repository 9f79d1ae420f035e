"""Free ports on loopback for programs that cannot take port 0 themselves."""

from __future__ import annotations

import itertools
import os
import socket

#: Below those that the kernel gives to whoever asks for port 0 (Linux: 32768 and up), or one of them could be taken
#: between our look and the program's; and below those that the labs' Asterisks have for sound.
_OURS = range(5_000, 20_000)
# every process of tests begins elsewhere, and comes back to a port only once all others have been given
_first = os.getpid() * 499 % len(_OURS)
_next = itertools.cycle((*_OURS[_first:], *_OURS[:_first]))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, address: str = "127.0.0.1", span: int = 1) -> int:
    """Returns a free port; one with a `span` is even (RTP, RFC 3550 section 11), and those above it are free too."""
    run: list[int] = []
    for port in itertools.islice(_next, len(_OURS)):
        if not _is_free(kind, address, port):
            run = []
        elif run and port == run[-1] + 1:
            run.append(port)
        elif span == 1 or port % 2 == 0:
            run = [port]
        if len(run) == span:
            return run[0]
    raise OSError(f"{span} free ports on {address} cannot be had")


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
