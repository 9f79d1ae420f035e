"""A daemon's name tells whoever is on the same machine whether it has died; of others it tells nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from textback.daemon_name import is_dead, own_name

ASK = "from textback.daemon_name import own_name; print(own_name(), flush=True); input()"


def test_every_name_is_new_and_fits_the_column() -> None:
    names = {own_name() for _ in range(20)}
    assert len(names) == 20 and max(map(len, names)) <= 64


def test_who_runs_is_not_dead_and_who_was_killed_is() -> None:
    with subprocess.Popen([sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        name = one.stdout.readline().strip()
        assert not is_dead(name) and not is_dead(own_name())
        one.kill()
        one.wait()
        assert is_dead(name)


def test_another_process_with_the_same_number_is_somebody_else() -> None:
    host, where, chance = own_name().split("/")
    place, _, start = where.rpartition(".")
    assert is_dead(f"{host}/{place}.{int(start) + 1}/{chance}")


@pytest.mark.parametrize("name", ["", "host", "host/elsewhere/0123abcd", "host/abcdef01.4026531836.1.1/0123abcd"])
def test_of_other_machines_nobody_knows(name: str) -> None:
    assert not is_dead(name)


def test_where_the_kernel_tells_nothing_there_is_a_name_all_the_same(tmp_path: Path) -> None:
    name = own_name(tmp_path)
    assert "/elsewhere/" in name and not is_dead(name) and not is_dead(own_name(), tmp_path)


def test_a_zombie_is_dead(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    (proc / "sys/kernel/random").mkdir(parents=True)
    (proc / "sys/kernel/random/boot_id").write_text("0123abcd-0000\n")
    (proc / "self/ns").mkdir(parents=True)
    os.symlink("pid:[4026531836]", proc / "self/ns/pid")
    stat = proc / str(os.getpid()) / "stat"
    stat.parent.mkdir()
    stat.write_text(f"{os.getpid()} (a ) b) S {' '.join(map(str, range(4, 60)))}\n")
    name = own_name(proc)
    assert not is_dead(name, proc)
    stat.write_text(stat.read_text().replace(") S ", ") Z "))
    assert is_dead(name, proc)
