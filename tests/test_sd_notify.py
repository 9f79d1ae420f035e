"""What systemd hears, on a real datagram socket of either kind of name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from textback.sd_notify import Systemd, from_environment


@contextmanager
def listening(name: str) -> Iterator[socket.socket]:
    """A systemd at that NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:] if name.startswith("@") else name)
        heard.setblocking(False)
        yield heard


def words(heard: socket.socket) -> list[str]:
    """Everything that was told until now."""
    told = []
    while True:
        try:
            told.append(heard.recv(4096).decode())
        except BlockingIOError:
            return told


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_is_told_by_a_path_and_by_an_abstract_name(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@textback/{os.getpid()}/notify"
    with listening(name) as heard:
        systemd = from_environment({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
        systemd.ready()
        systemd.status("2 of 2 links up")
        systemd.feed()
        systemd.stopping()
        assert words(heard) == ["READY=1", "STATUS=2 of 2 links up", "WATCHDOG=1", "STOPPING=1"]
        systemd.close()


def test_a_reload_says_since_when_as_notify_reload_wants_it(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as heard:
        systemd = Systemd(str(tmp_path / "notify"), monotonic=lambda: 12.5)
        systemd.reloading()
        assert words(heard) == ["RELOADING=1\nMONOTONIC_USEC=12500000"]
        systemd.close()


def test_a_status_is_told_once_and_cannot_become_another_word(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as heard:
        systemd = Systemd(str(tmp_path / "notify"))
        systemd.status("the PBX said\nREADY=1\x1b")
        systemd.status("the PBX said\nREADY=1\x1b")
        assert words(heard) == ["STATUS=the PBX said READY=1 "]
        systemd.close()


def test_without_systemd_nothing_is_told_and_nothing_fails(caplog: pytest.LogCaptureFixture) -> None:
    systemd = from_environment({})
    systemd.ready()
    systemd.feed()
    assert (systemd.watchdog, caplog.records) == (None, [])


def test_a_watchdog_that_waits_for_another_process_is_not_ours() -> None:
    asked = {"WATCHDOG_USEC": "30000000"}
    assert from_environment(asked | {"WATCHDOG_PID": "7"}, pid=8).watchdog is None
    assert from_environment(asked | {"WATCHDOG_PID": "8"}, pid=8).watchdog == 30.0
    assert from_environment(asked).watchdog == 30.0
    assert from_environment({"WATCHDOG_USEC": "soon"}).watchdog is None


def test_a_systemd_that_is_gone_is_complained_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    systemd = Systemd(str(tmp_path / "nobody"), watchdog=1.0)
    systemd.ready()
    systemd.feed()
    assert [record.getMessage() for record in caplog.records] == [
        "systemd cannot be told anything: No such file or directory"
    ]


def test_an_address_of_another_kind_is_refused_in_words(caplog: pytest.LogCaptureFixture) -> None:
    from_environment({"NOTIFY_SOCKET": "vsock:2:1234"}).ready()
    assert [record.getMessage() for record in caplog.records] == [
        "NOTIFY_SOCKET is of a kind that is not known here: systemd is told nothing"
    ]


def test_what_systemd_is_too_busy_for_is_told_later_and_the_daemon_never_waits(tmp_path: Path) -> None:
    with listening(str(tmp_path / "notify")) as heard:
        systemd = Systemd(str(tmp_path / "notify"), watchdog=1.0)
        for _ in range(2000):  # more than any queue of datagrams holds
            systemd.feed()
        systemd.stopping()
        early = words(heard)
        assert "STOPPING=1" not in early
        systemd.feed()
        assert words(heard) == ["WATCHDOG=1", "STOPPING=1"]
        systemd.close()
