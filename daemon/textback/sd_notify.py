"""What the daemon tells systemd, in the words of sd_notify(3); where nobody asked for it, nothing."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping

log = logging.getLogger("textback.systemd")

#: what may wait until systemd reads again; the newest counts
MOST = 16


class Systemd:
    """Tells by datagrams to the socket ``address``: a path, or a name that begins with ``@`` (Linux' abstract names).

    ``watchdog``: seconds within which systemd wants to hear that all is well; None: it does not. Nothing here waits or
    raises: what systemd does not take now is told with the next word.
    """

    def __init__(
        self, address: str | None = None, watchdog: float | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.watchdog = watchdog
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self._monotonic = monotonic
        self._unsent: deque[str] = deque(maxlen=MOST)
        self._status = ""
        self._socket: socket.socket | None = None

    def ready(self) -> None:
        """Everything that the daemon is for has begun, or goes on after a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is read anew, until ``ready``; a notify-reload unit wants to know since when."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(self._monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        """The daemon was told to end."""
        self._tell("STOPPING=1")

    def feed(self) -> None:
        """All is well; told to a watchdog only."""
        if self.watchdog is not None:
            self._tell("WATCHDOG=1")

    def status(self, words: str) -> None:
        """One line for ``systemctl status``; told when it has changed."""
        # another line would be another word of the protocol, and some of this was said by a PBX
        line = "".join(c if c.isprintable() else " " for c in words)[:500]
        if line != self._status:
            self._status = line
            self._tell(f"STATUS={line}")

    def close(self) -> None:
        """Tell nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._address = None

    def _tell(self, words: str) -> None:
        if self._address is None:
            return
        if words != "WATCHDOG=1" or words not in self._unsent:
            self._unsent.append(words)
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._socket.setblocking(False)
            while self._unsent:
                self._socket.sendto(self._unsent[0].encode("utf-8", "replace"), self._address)
                self._unsent.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("systemd cannot be told anything: %s", error.strerror or type(error).__name__)
            self.close()


def from_environment(environment: Mapping[str, str], pid: int | None = None) -> Systemd:
    """The systemd that started us, as it says in NOTIFY_SOCKET, WATCHDOG_USEC (microseconds) and WATCHDOG_PID."""
    address = environment.get("NOTIFY_SOCKET") or None
    if address is not None and address[0] not in "/@":
        log.warning("NOTIFY_SOCKET is of a kind that is not known here: systemd is told nothing")
        address = None
    wanted, told = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    is_meant = told in ("", str(os.getpid() if pid is None else pid))
    usec = int(wanted) if wanted.isdecimal() and is_meant else 0
    return Systemd(address, usec / 1_000_000 if usec else None)
