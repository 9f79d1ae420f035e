"""Where things are on a server that runs textback as a service, and the files that make it one."""

from __future__ import annotations

import grp
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from textback.cli.faults import Refused
from textback.shipped import package

#: who may read the configuration: made by systemd-sysusers
GROUP = "textback"
DATA = Path("/var/lib/textback/textback.db")
#: what the unit says that was written by hand
USUAL_PROGRAM = "/opt/textback/bin/textback"
#: what the unit hides from the daemon (ProtectHome= and PrivateTmp=, systemd.exec(5))
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
#: each file of ours, and where systemd looks for it: an administrator's, and a package's
PLACES = {
    "textback.service": ("etc/systemd/system/textback.service", "usr/lib/systemd/system/textback.service"),
    "sysusers.conf": ("etc/sysusers.d/textback.conf", "usr/lib/sysusers.d/textback.conf"),
    "tmpfiles.conf": ("etc/tmpfiles.d/textback.conf", "usr/lib/tmpfiles.d/textback.conf"),
}


@dataclass(frozen=True)
class System:
    """A server whose files are below ``root``: another folder than / is made for a package, or a test."""

    root: Path

    @property
    def folder(self) -> Path:
        """Where the configuration is."""
        return self.root / "etc/textback"

    def seen(self, path: Path) -> Path:
        """The same path as it is called on that server."""
        return Path("/") / path.relative_to(self.root) if path.is_relative_to(self.root) else path

    @property
    def is_this(self) -> bool:
        """Whether this computer is meant."""
        return self.root == Path("/")

    def refuse_unless_root(self) -> None:
        """Raises ``Refused`` for who may not write there."""
        if self.is_this and os.geteuid() != 0:
            raise Refused("--system writes to /etc: run it as root, or say --root DIR to look at the files first")

    def refuse_links(self) -> None:
        """Raises ``Refused`` where a file of ours is a link: that of a masked unit leads to /dev/null."""
        links = [str(self.root / ours) for ours, _ in PLACES.values() if (self.root / ours).is_symlink()]
        if links:
            raise Refused(f"{' and '.join(links)}: a link, no file; `systemctl unmask textback` removes that of a mask")

    def install(self) -> list[Path]:
        """Write what systemd reads, unless a package has brought it; gives what was written. Raises ``OSError``."""
        written = []
        for name, (ours, packaged) in PLACES.items():
            if (self.root / packaged).exists():
                continue
            text = (files(package("systemd")) / name).read_text("utf-8")
            path = self.root / ours
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(USUAL_PROGRAM, str(program())), "utf-8")
            path.chmod(0o644)
            written.append(path)
        return written

    def protect(self, *paths: Path) -> None:
        """Let nobody but root write them, and nobody but the daemon read them; its group may still have to be made."""
        for path in paths:
            path.chmod(0o750 if path.is_dir() else 0o640)
            if self.is_this and os.geteuid() == 0:
                with suppress(KeyError):  # systemd-tmpfiles does it, once there is such a group
                    os.chown(path, 0, grp.getgrnam(GROUP).gr_gid)


def program() -> Path:
    """The command ``textback`` of this installation."""
    return Path(sys.prefix) / "bin" / "textback"


def hidden() -> Path | None:
    """The folder of this installation, or of its Python, if the daemon would not find it; None where all is well."""
    places = (Path(sys.prefix), Path(sys.base_prefix).resolve())
    return next((place for place in places if any(place.is_relative_to(one) for one in HIDDEN)), None)


def command() -> str:
    """How to call it: by its name alone, where that is found."""
    found = shutil.which("textback")
    return "textback" if found and Path(found).resolve() == program().resolve() else str(program())
