"""The folder of an Asterisk's configuration, read once, and where in it a person's own lines belong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from textback.doctor.asterisk.confs import Conf, read_conf

MANAGER, EXTENSIONS, QUEUES = "manager.conf", "extensions.conf", "queues.conf"
#: where FreePBX leaves room, as it writes the files themselves anew at each Apply Config
_ROOM = {
    MANAGER: "manager_custom.conf",
    EXTENSIONS: "extensions_custom.conf",
    QUEUES: "queues_post_custom.conf",
    "pjsip.conf": "pjsip_custom_post.conf",
    "cdr.conf": "cdr.conf",
    "logger.conf": "logger_general_custom.conf",
}
_READ = (MANAGER, EXTENSIONS, QUEUES, "pjsip.conf", "sip.conf", "cdr.conf", "logger.conf", "asterisk.conf")
_READ_TOO = ("extconfig.conf",)


@dataclass(frozen=True, slots=True)
class Etc:
    """``unread``: files that are there and that we may not read, by name, with the reason."""

    folder: Path
    confs: dict[str, Conf]
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def is_freepbx(self) -> bool:
        """Whether FreePBX writes these files."""
        return (self.folder / "extensions_additional.conf").exists()

    def get(self, name: str) -> Conf | None:
        """One file with all that it includes; None if it is not there, or cannot be read."""
        return self.confs.get(name)

    def place(self, name: str) -> str:
        """The file in which lines belong that are meant for ``name``."""
        return _ROOM[name] if self.is_freepbx and name in _ROOM else name


def read_etc(folder: Path) -> Etc:
    """What there is in the folder. Never raises: what cannot be read is said in ``unread``."""
    etc = Etc(folder, {})
    for name in (*_READ, *_READ_TOO):
        try:
            conf = read_conf(folder, name)
        except OSError as error:
            etc.unread[name] = (error.strerror or type(error).__name__).lower()
            continue
        if conf is not None:
            etc.confs[name] = conf
    return etc


def place(etc: Etc | None, name: str) -> str:
    """The same where there may be no folder to look into."""
    return etc.place(name) if etc else name
