"""Where the lines of the log go: a thread writes them, so that an output that is stuck or full holds up nobody."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from typing import IO

#: Lines that wait for an output that is stuck; what comes beyond is lost, and counted.
MOST = 10_000
#: Seconds that the end of the process waits for the last lines.
GOODBYE = 0.4
#: Seconds between two looks whether an output that takes nothing takes something again.
AGAIN = 1.0


class Outlet(logging.Handler):
    """Writes each record as one line, whole or not at all as far as that depends on us.

    Nothing here raises or prints: what cannot be written is counted in ``lost``, and told once there is room again.
    ``stream`` is written past its buffer if it is a file: what is stuck there would be in the way at the end.
    """

    def __init__(self, stream: IO[str] | None, most: int = MOST) -> None:
        super().__init__()
        self.lost = 0
        self._stream, self._file = stream, _file_of(stream)
        self._most = most
        self._told = 0
        self._is_cut = False
        self._ends = False
        self._waiting: deque[str] = deque()
        self._busy = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="textback-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it to the thread; never waits."""
        try:
            line = self.format(record)
        except Exception:  # a line that is ours to mend; its values are told no more than elsewhere
            line = self.format(_record("a line of the log could not be made: %s:%d", record.module, record.lineno))
        with self._change:
            if self._ends or len(self._waiting) >= self._most:
                self.lost += 1
                return
            self._waiting.append(line)
            self._change.notify_all()

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: logging itself would print the values to stderr."""
        self.lost += 1

    def flush(self) -> None:
        """Wait a moment until everything is written."""
        with self._change:
            self._change.wait_for(lambda: not self._waiting and not self._busy, GOODBYE)

    def close(self) -> None:
        """Write what waits, if that can be done soon, and end."""
        self.flush()
        with self._change:
            self._ends = True
            self._change.notify_all()
        super().close()

    # -- in the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._change:
                self._busy = False
                self._change.notify_all()
                self._change.wait_for(lambda: self._waiting or self._ends)
                if not self._waiting:
                    return
                line, self._busy = self._waiting.popleft(), True
            self._put(line)

    def _put(self, line: str) -> None:
        before = self.lost - self._told
        if before and self._written(self.format(_record("%d lines of the log could not be written", before))):
            self._told += before
        if not self._written(line):
            with self._change:
                self.lost += 1

    def _written(self, line: str) -> bool:
        # what was cut in the middle must not be the beginning of the next line
        whole = f"\n{line}\n" if self._is_cut else f"{line}\n"
        try:
            if self._file is not None:
                return self._write(self._file, whole.encode("utf-8", "backslashreplace"))
            if self._stream is not None:
                self._stream.write(whole)
                self._stream.flush()
            return self._stream is not None
        except (OSError, ValueError):
            return False

    def _write(self, file: int, data: bytes) -> bool:
        left = memoryview(data)
        try:
            while left:
                try:
                    left = left[os.write(file, left):]  # fmt: skip
                except BlockingIOError:  # somebody else has made it so, a terminal's other program for one
                    select.select([], [file], [], AGAIN)
        finally:
            if len(left) < len(data):
                self._is_cut = bool(left)
        return True


def _file_of(stream: IO[str] | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None


def _record(words: str, *values: object) -> logging.LogRecord:
    made = logging.LogRecord("textback.logs", logging.WARNING, __file__, 0, words, values, None)
    made.created = time.time()
    return made
