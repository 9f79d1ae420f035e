"""A wire between the daemon and the PBX that a test can cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Relay:
    """Takes connections on a port of its own and passes every byte on, until it is cut; later ones are taken again.

    ``change``: what becomes of the bytes that come back.
    """

    def __init__(self, port: int, change: Callable[[bytes], bytes] = lambda data: data) -> None:
        self._change = change
        self._there = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="relay", daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        self.cut()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def cut(self) -> None:
        """Ends every connection that there is."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:  # its other side was first
                continue

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._there, 5)
            far.settimeout(None)
            with self._lock:
                self._ends += [near, far]
            for source, sink, change in ((near, far, lambda data: data), (far, near, self._change)):
                threading.Thread(target=_pass_on, args=(source, sink, change), name="relay", daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(change(data))
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:  # it was cut
        source.close()
