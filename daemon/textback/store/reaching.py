"""For how long a database server may be out of reach before that is noticed: whoever writes must not hang for ever."""

from __future__ import annotations

import socket
from typing import Any

#: Seconds for a connection to come about; the first look whether the other machine is there still, the looks after
#: it, and how many of them may be in vain; milliseconds for which what was sent may stay unheard.
CONNECT, IDLE, INTERVAL, COUNT, UNHEARD = 10, 15, 5, 3, 30_000


def arguments(backend: str) -> dict[str, Any]:
    """What the driver of PostgreSQL, or of MariaDB, is told when it connects (libpq 34.1.2)."""
    if backend != "postgresql":
        return {"connect_timeout": CONNECT}
    looks = {"keepalives_idle": IDLE, "keepalives_interval": INTERVAL, "keepalives_count": COUNT}
    return {"connect_timeout": CONNECT, "tcp_user_timeout": UNHEARD, **looks}


def watch(raw: Any) -> None:
    """The same for a connection of PyMySQL, which has no such options; one on this computer needs none."""
    found = getattr(raw, "_sock", None)
    if isinstance(found, socket.socket) and found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            (socket.TCP_KEEPIDLE, IDLE),
            (socket.TCP_KEEPINTVL, INTERVAL),
            (socket.TCP_KEEPCNT, COUNT),
            (socket.TCP_USER_TIMEOUT, UNHEARD),
        ):
            found.setsockopt(socket.IPPROTO_TCP, option, value)
