"""Whether the PBX's own records of calls can be read: they tell what happened while nobody looked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from textback.clock import Clock
from textback.config import Pbx
from textback.doctor.asterisk.etc import EXTENSIONS, Etc, place
from textback.doctor.finding import SHELL, Finding, Status, failed, ok, warning
from textback.pbx.errors import RecordsError
from textback.pbx.records.cdr import Cdr
from textback.pbx.records.cdr import stamp as cdr_stamp
from textback.pbx.records.queue_log import QueueLog
from textback.pbx.records.record_table import is_url, where

#: seconds of the past that are read
_AGE = 3600.0
_YES = ("yes", "true", "1", "on", "y", "t")
_ENOUGH = 65_536  # bytes of a file's end
_UNIQUEID = re.compile(r'"(?:[^\s,"]*-)?\d{9,11}\.\d+"')


def examine_records(pbx: Pbx, etc: Etc | None, clock: Clock) -> Iterator[Finding]:
    """``queue_log`` and ``cdr`` of one PBX."""
    yield from _queue_log(pbx, etc, clock)
    yield from _cdr(pbx, etc, clock)


def _queue_log(pbx: Pbx, etc: Etc | None, clock: Clock) -> Iterator[Finding]:
    check = f"{pbx.name}/queue_log"
    if pbx.queue_log is None:
        says = "without queue_log, who gave up in a queue while textback was not running is lost"
        yield warning(check, says, _key("queue_log", "/var/log/asterisk/queue_log"), _table(pbx))
        return
    yield _readable(check, pbx.queue_log, "queue_log", lambda source: QueueLog(source).read(clock() - _AGE), pbx)
    conf = etc.get("logger.conf") if etc else None
    if conf and (conf.value("general", "queue_log") or "yes").lower() not in _YES:
        lines = ("[general](+)", "queue_log = yes")
        yield failed(check, "logger.conf has switched the queue_log off", lines, place(etc, "logger.conf"))


def _cdr(pbx: Pbx, etc: Etc | None, clock: Clock) -> Iterator[Finding]:
    check = f"{pbx.name}/cdr"
    if pbx.cdr is None:
        says = "without cdr, calls that no queue saw while textback was not running are lost"
        yield warning(check, says, _key("cdr", "/var/log/asterisk/cdr-csv/Master.csv"), _table(pbx))
        return
    found = _readable(check, pbx.cdr, "cdr", lambda source: Cdr(source).read(clock() - _AGE), pbx)
    yield found
    if found.status is Status.OK:
        yield from _hidden(check, pbx.cdr, etc, clock)
    conf = etc.get("cdr.conf") if etc else None
    told = conf.value("csv", "loguniqueid") if conf else None
    if is_url(pbx.cdr):
        return
    section = "[csv](+)" if conf and "csv" in conf.sections else "[csv]"
    lines, file = (section, "loguniqueid = yes"), place(etc, "cdr.conf")
    if conf and (told or "no").lower() not in _YES:
        says = "the CDR has no Uniqueids (loguniqueid), so its rows cannot be told to belong to calls"
        yield failed(check, says, lines, file)
    elif conf is None and found.status is Status.OK and _lacks_uniqueids(Path(pbx.cdr)):
        yield failed(check, "the newest row of the CDR has no Uniqueid: cdr.conf lacks loguniqueid", lines, file)


def _hidden(check: str, source: str, etc: Etc | None, clock: Clock) -> Iterator[Finding]:
    """Where the PBX believes what a trunk says of numbers, a hidden one comes in clear, and so stands in the CDR."""
    conf = etc.get("pjsip.conf") if etc else None
    believed = any(conf.value(name, "trust_id_inbound") in _YES for name in conf.sections) if conf else False
    rows = list(Cdr(source).read(clock() - _AGE)) if believed else []
    if rows and not any(row.presentation for row in rows):
        says = "the CDR does not tell who hides the number: whoever did, while textback was away, would be texted"
        lines = ["same => n,Set(CDR(userfield)=${CALLERID(pres)})"]
        if not is_url(source):
            lines.append("; and in cdr.conf, [csv]: loguserfield = yes")
        yield warning(check, says, tuple(lines), f"{place(etc, EXTENSIONS)}, first where callers arrive")


def _readable(check: str, source: str, name: str, read: Callable[[str], Iterator[object]], pbx: Pbx) -> Finding:
    try:
        next(read(source), None)
    except RecordsError as error:
        return failed(check, f"{error}: name the right one", _key(name, "…"), _table(pbx))
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        says = f"{where(source, name)}: {why}: let the daemon's user read it"
        return failed(check, says, ("usermod -aG asterisk textback",), SHELL)
    return ok(check, f"{where(source, name)} can be read")


def _lacks_uniqueids(file: Path) -> bool:
    """Whether the newest row has nothing that looks like one."""
    with open(file, "rb") as opened:
        opened.seek(max(0, file.stat().st_size - _ENOUGH))
        lines = opened.read().decode("utf-8", "replace").splitlines()
    newest = next((line for line in reversed(lines) if cdr_stamp(line) is not None), None)
    return newest is not None and _UNIQUEID.search(newest) is None


def _key(name: str, value: str) -> tuple[str, ...]:
    return (f'{name} = "{value}"',)


def _table(pbx: Pbx) -> str:
    return f"textback.toml, [[pbx]] {pbx.name}"
