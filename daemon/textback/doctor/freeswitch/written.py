"""Whether FreeSWITCH's own records of calls can be read: they tell what happened while nobody looked."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

from textback.clock import Clock
from textback.doctor.finding import SHELL, Finding, failed, ok, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.tags import place_of, tag_of
from textback.doctor.freeswitch.wanted import Wanted
from textback.pbx.errors import RecordsError
from textback.pbx.records.fusionpbx import FusionpbxCdr
from textback.pbx.records.json_cdr import JsonCdr
from textback.pbx.records.record_table import is_url

#: seconds of the past that are read
_AGE = 3600.0
#: what FusionPBX's settings are, unless somebody has changed them
_KEPT = ("format = json", "storage = db")
_JSON_CDR = "json_cdr.conf"
_YES = ("yes", "true", "1", "on", "t", "enabled", "active", "allow")


def examine_records(wanted: Wanted, conf: Conf, look: Look | None, clock: Clock) -> Iterator[Finding]:
    """``cdr`` of one PBX: FusionPBX's database, or the folder of mod_json_cdr and whether it writes there."""
    check, pbx, where = f"{wanted.pbx.name}/cdr", wanted.pbx, _log_dir(conf, look)
    if pbx.queue_log is not None:
        yield warning(check, "queue_log is Asterisk's: a FreeSWITCH has none", (), wanted.toml)
    if pbx.cdr is None:
        says = "without cdr, calls that ended while textback was not running are lost (mod_json_cdr writes them)"
        yield warning(check, says, (f'cdr = "{where or "/var/log/freeswitch/json_cdr"}"',), wanted.toml)
        return
    if is_url(pbx.cdr):
        yield _in_database(wanted, check, pbx.cdr, clock)
        return
    if where is not None and os.path.realpath(where) != os.path.realpath(pbx.cdr):
        says = f"mod_json_cdr writes to {where}, not to {pbx.cdr}"
        yield failed(check, says, (f'cdr = "{where}"',), wanted.toml)
        return
    yield _readable(wanted, check, pbx.cdr, clock)
    yield from _only_posted(check, conf)


def _in_database(wanted: Wanted, check: str, url: str, clock: Clock) -> Finding:
    """The database of FusionPBX, and whether it keeps what is read there."""
    try:
        records = FusionpbxCdr(url)
        newest = deque(records.read(clock() - _AGE), maxlen=1)
    except RecordsError as error:
        says = f"{error}: name FusionPBX's database"
        return failed(check, says, ('cdr = "postgresql://textback:…@127.0.0.1/fusionpbx"',), wanted.toml)
    if not newest and records.faults:
        says = f"{records.where}: {', '.join(records.faults)}"
        return failed(check, says, _KEPT, "FusionPBX, Advanced, Default Settings, Cdr")
    return ok(check, f"{records.where} can be read")


def _readable(wanted: Wanted, check: str, folder: str, clock: Clock) -> Finding:
    try:
        next(JsonCdr(folder).read(clock() - _AGE), None)
    except RecordsError as error:
        says = f"{error}: name the log-dir of json_cdr.conf.xml"
        return failed(check, says, ('cdr = "/var/log/freeswitch/json_cdr"',), wanted.toml)
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        says = f"{folder}: {why}: let the daemon's user read it"
        return failed(check, says, ("usermod -aG freeswitch textback",), SHELL)
    return ok(check, f"{folder} can be read")


def _only_posted(check: str, conf: Conf) -> Iterator[Finding]:
    """With a URL, mod_json_cdr writes files only where that fails, unless it is told to do both."""
    settings = conf.settings(_JSON_CDR)
    told = {one.get("name"): one for one in settings.of("param")} if settings else {}
    both = told.get("log-http-and-disk")
    if settings is None or "url" not in told or (both and both.get("value").lower() in _YES):
        return
    says = "mod_json_cdr posts its records to a URL, and writes none to its folder; then reload mod_json_cdr"
    line = ('<param name="log-http-and-disk" value="true"/>',)
    if both is not None and both.source:
        yield failed(check, says, line, place_of(both), (tag_of(both),))
    else:
        yield failed(check, says, line, f"{conf.file_of(_JSON_CDR)}, last in <settings>")


def _log_dir(conf: Conf, look: Look | None) -> str | None:
    """Where mod_json_cdr writes (mod_json_cdr.c); None where that is not known."""
    settings, logs = conf.settings(_JSON_CDR), look.variables.get("log_dir") if look else None
    if settings is None:
        return None
    line = next(reversed(settings.params("log-dir")), None)
    folder = line.get("value") if line else ""
    if folder.startswith("/"):
        return folder
    return f"{logs}/{folder or 'json_cdr'}" if logs and "$" not in folder else None
