"""What Asterisk would pass over in its files, or FreePBX write over, and what it may not read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from textback.doctor.asterisk.confs import Conf, Fault
from textback.doctor.asterisk.etc import EXTENSIONS, MANAGER, QUEUES, Etc
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped

_LOADED = (MANAGER, EXTENSIONS, QUEUES)
#: what FreePBX includes before it has written the queues, and where such lines work
_TOO_EARLY = {"queues_custom.conf", "queues_custom_general.conf", "queues_general_additional.conf"}
_SECRET = re.compile(r"(?i)(.*(?:secret|passw)\w*\s*=>?\s*).*")


def examine_files(pbx: str, etc: Etc) -> Iterator[Finding]:
    """The folder as such, whatever is configured."""
    faults = 0
    for name, why in etc.unread.items():
        if name in _LOADED:
            yield skipped(f"{pbx}/files", f"{etc.folder / name}: {why}: run this as somebody who may read it")
    for name in _LOADED:
        conf = etc.get(name)
        if conf is None:
            if name not in etc.unread:
                yield skipped(f"{pbx}/files", f"{etc.folder} has no {name}: is that the folder of this PBX?")
            continue
        for finding in (*_passed_over(pbx, etc, conf), *_unreadable(pbx, etc, conf), *_written_over(pbx, etc, conf)):
            faults += 1
            yield finding
    if not faults and not etc.unread:
        yield ok(f"{pbx}/files", f"Asterisk reads its files in {etc.folder} to their ends")


def _passed_over(pbx: str, etc: Etc, conf: Conf) -> Iterator[Finding]:
    for fault in conf.faults:
        costs = f"nothing of {conf.name} is loaded" if fault.whole else "the rest of that file is passed over"
        says = f"{fault.file}, line {fault.number}: {fault.why}, so {costs}"
        if etc.is_freepbx and fault.file in _TOO_EARLY:
            says += ": FreePBX writes the queues after it, so move this section to queues_post_custom.conf"
            yield failed(f"{pbx}/files", says, (fault.line.strip(),), "queues_post_custom.conf")
        else:
            yield failed(f"{pbx}/files", says, (_instead(fault),), fault.file, (_without_secret(fault.line),))


def _instead(fault: Fault) -> str:
    """The line so that the rest of the file counts: a section that nobody uses, or a file that may be missing."""
    line = _without_secret(fault.line.strip())
    if line.startswith("[") and "]" in line:
        return f"{line[: line.index(']') + 1]}(!)"
    if line.lower().startswith("#include"):
        return f"#tryinclude{line[len('#include'):]}"
    return f";{line}"


def _without_secret(line: str) -> str:
    return _SECRET.sub(r"\1change-me", line)


def _unreadable(pbx: str, etc: Etc, conf: Conf) -> Iterator[Finding]:
    """Files that the owner of the others may not read: what root wrote with a narrow umask, say."""
    owner = _stat(etc.folder / conf.name)
    for name in conf.read[1:]:
        path = etc.folder / name
        found = _stat(path)
        if owner is None or found is None or owner.st_uid in (0, found.st_uid):
            continue
        in_group = found.st_gid == owner.st_gid and found.st_mode & 0o040
        if not (found.st_mode & 0o004 or in_group):
            says = f"{path} cannot be read by whom {conf.name} belongs to, so Asterisk passes over it"
            command = f"chown --reference={etc.folder / conf.name} {path}"
            yield failed(f"{pbx}/files", says, (command,), SHELL)


def _written_over(pbx: str, etc: Etc, conf: Conf) -> Iterator[Finding]:
    """Lines of ours where FreePBX writes the file anew."""
    if not etc.is_freepbx:
        return
    ours = [entry for section in conf.sections.values() for entry in section if "textback" in entry.value.lower()]
    for name in sorted({entry.file for entry in ours if _is_freepbxs(entry.file)}):
        lines = tuple(_without_secret(entry.line.strip()) for entry in ours if entry.file == name)
        says = f"FreePBX writes {name} anew at the next Apply Config, and the lines about textback are gone then"
        yield failed(f"{pbx}/freepbx", says, lines, etc.place(conf.name))


def _is_freepbxs(file: str) -> bool:
    return file.endswith("_additional.conf") or file in _LOADED


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
