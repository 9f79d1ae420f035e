"""What a running daemon is called among others; whoever is on the same machine can tell by it whether it has died."""

from __future__ import annotations

import os
import re
import socket
import uuid
from pathlib import Path

_PROC = Path("/proc")
_NAME = re.compile(r"[^/]*/(?P<place>[0-9a-f]{8}\.\d+)\.(?P<pid>\d+)\.(?P<start>\d+)/[0-9a-f]{8}")


def own_name(proc: Path = _PROC) -> str:
    """A name that no other daemon has, nor had: at most 64 characters."""
    place, start = _place(proc), _started(proc, os.getpid())
    where = f"{place}.{os.getpid()}.{start}" if place and start else "elsewhere"
    return f"{socket.gethostname()[:16]}/{where}/{uuid.uuid4().hex[:8]}"


def is_dead(name: str, proc: Path = _PROC) -> bool:
    """Whether the daemon of that name is known to have died; of other machines and containers nobody knows."""
    told = _NAME.fullmatch(name)
    if told is None or told["place"] != _place(proc):
        return False
    return _started(proc, int(told["pid"])) != told["start"]


def _place(proc: Path) -> str | None:
    """This start of the machine, and the namespace in which process numbers count."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink(proc / "self/ns/pid")
    except OSError:
        return None
    return f"{boot[:8]}.{''.join(filter(str.isdigit, namespace))}"


def _started(proc: Path, pid: int) -> str | None:
    """When a process began, in the kernel's own count (proc(5), field 22 of stat); None: there is none, or a zombie."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
