"""A bare Debian 12 to be a newcomer in: its smallest set of packages, and the registries of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .asterisk import LabError, lab_folder

SUITE = "bookworm"
#: how this machine reaches Debian's and Python's packages, and by which certificates
_REACH = ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")
# A mount namespace of its own: what is mounted here is gone with the process, whatever ends it.
_ENTER = """
mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mount --bind /dev/pts "$1/dev/pts" || exit 70
exec chroot "$1" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c "$2"
"""


class Debian:
    """Its root is a copy of its own; `enter` gives the command that runs a line of a shell in it, on our loopback."""

    def __init__(self, source: Path) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="newcomer-", dir=lab_folder()))
        subprocess.run(["cp", "-a", "--reflink=auto", f"{_unpacked()}/.", str(self.root)], check=True)
        for name in _REACH:
            if Path("/", name).exists():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path("/", name), self.root / name)
        _copy_project(source, self.root / "root/textback")

    def enter(self, line: str) -> list[str]:
        """The command that runs `line` there as root, in the folder of the project."""
        inside = f"cd /root/textback && {line}"
        alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount"]
        return [*alone, "sh", "-c", _ENTER, "enter", str(self.root), inside]

    def run(self, line: str, limit: float = 300) -> str:
        """What `line` prints; `LabError` with it if it fails."""
        done = subprocess.run(
            self.enter(line), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False
        )
        if done.returncode:
            raise LabError(f"{line!r} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self.root)


def missing_part() -> str | None:
    """Says in one sentence why there can be no bare Debian here, or None."""
    if os.geteuid() != 0:
        return "a bare Debian needs root (chroot)"
    if shutil.which("mmdebstrap") is None:
        return "mmdebstrap is missing: run make lab as root"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "nothing may be mounted here"
    return None


def _unpacked() -> Path:
    """Debian's smallest set of packages; unpacked once, and kept beside the Asterisks."""
    root = lab_folder() / "debian12"
    if not root.exists():
        mirror = os.environ.get("TEXTBACK_LAB_MIRROR") or "http://deb.debian.org/debian"
        part = root.with_name(f"debian12-{os.getpid()}.part")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, str(part), mirror]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        part.rename(root)
    return root


def _copy_project(source: Path, target: Path) -> None:
    """What git knows of the project, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=source, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)
