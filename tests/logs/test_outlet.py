"""An output that is stuck, full, gone or closed: the daemon goes on, and what was lost is told."""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from textback.logs.lines import JsonLines, TextLines
from textback.logs.outlet import GOODBYE, Outlet

#: seconds after which what never comes fails the test
PATIENCE = 10.0


@contextmanager
def outlet(
    stream: Any, formatter: logging.Formatter | None = None, **options: Any
) -> Iterator[tuple[Outlet, logging.Logger]]:
    made = Outlet(stream, **options)
    made.setFormatter(formatter or logging.Formatter("%(message)s"))
    log = logging.Logger("textback.test")
    log.addHandler(made)
    try:
        yield made, log
    finally:
        made.close()


def until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_lines_are_written_in_their_order(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w") as file, outlet(file) as (_, log):
        for number in range(1000):
            log.info("%d", number)
    assert (tmp_path / "log").read_text().splitlines() == [str(number) for number in range(1000)]


def test_an_output_that_is_stuck_holds_up_nobody_and_what_was_lost_is_told(tmp_path: Path) -> None:
    end, begin = os.pipe()
    with os.fdopen(begin, "w") as stuck, os.fdopen(end, "rb") as reader, outlet(stuck, most=10) as (made, log):
        began = time.monotonic()
        for number in range(3000):
            log.info("%d %s", number, "x" * 100)
        assert time.monotonic() - began < PATIENCE / 2
        assert made.lost > 1000
        os.set_blocking(end, False)
        heard = bytearray()

        def read() -> bool:
            heard.extend(reader.read() or b"")
            log.info("after it") if not made._waiting else None
            return b"after it" in heard

        until(read)
    lines = bytes(heard).decode().splitlines()
    assert [line for line in lines if line.startswith("0 xxx")]
    assert [line for line in lines if line.endswith("lines of the log could not be written")]


class Full(io.StringIO):
    """A disk that is full until there is room."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_costs_lines_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    disk = Full()
    with outlet(disk) as (made, log):
        log.info("one")
        log.info("two")
        until(lambda: made.lost == 2)
        disk.is_full = False
        log.info("three")
        made.flush()
    assert disk.getvalue().splitlines() == ["2 lines of the log could not be written", "three"]
    assert made.lost == 2
    assert capfd.readouterr() == ("", "")


def test_a_line_that_was_cut_does_not_spoil_the_next_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The disk is full in the middle of a line."""
    real, room = os.write, [12]

    def write(file: int, data: Any) -> int:
        if file != target.fileno():
            return real(file, data)
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = real(file, bytes(data)[: room[0]])
        room[0] -= written
        return written

    with open(tmp_path / "log", "wb", buffering=0) as target:
        with outlet(target, JsonLines(log_numbers=False)) as (made, log):
            monkeypatch.setattr(os, "write", write)
            log.warning("first")
            until(lambda: made.lost == 1)
            room[0] = 10**6
            log.warning("second")
            made.flush()
    cut, *whole = (tmp_path / "log").read_text().splitlines()
    assert len(cut) == 12
    assert [json.loads(line)["message"] for line in whole] == ["1 lines of the log could not be written", "second"]


def test_a_reader_that_has_gone_costs_lines_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    end, begin = os.pipe()
    os.close(end)
    with os.fdopen(begin, "w") as gone, outlet(gone) as (made, log):
        log.info("anybody?")
        until(lambda: made.lost == 1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_output_at_all_is_no_fault(stream: Any, capfd: pytest.CaptureFixture[str]) -> None:
    if stream == "closed":
        stream = io.StringIO()
        stream.close()
    with outlet(stream) as (made, log):
        log.info("nobody hears it")
        until(lambda: made.lost == 1)
    assert capfd.readouterr() == ("", "")


def test_a_line_that_cannot_be_made_is_told_without_its_values(capfd: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with outlet(stream, TextLines(log_numbers=False)) as (made, log):
        log.info("%d of them", "+12025550143")
        made.flush()
    assert "a line of the log could not be made: test_outlet:" in stream.getvalue()
    assert "2025550143" not in stream.getvalue() and capfd.readouterr() == ("", "")


def test_the_end_of_the_process_waits_a_moment_for_an_output_that_is_stuck() -> None:
    end, begin = os.pipe()
    with os.fdopen(begin, "w") as stuck, outlet(stuck) as (made, log):
        for _ in range(1000):
            log.info("x" * 1000)
        began = time.monotonic()
        made.flush()
        assert GOODBYE <= time.monotonic() - began < PATIENCE / 2
        os.close(end)
