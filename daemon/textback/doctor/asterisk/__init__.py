"""Everything that must be true on one Asterisk: what it tells over AMI, and what stands in its files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from textback.doctor.asterisk.access import kept_out, let_in
from textback.doctor.asterisk.calls import examine_calls
from textback.doctor.asterisk.clocks import examine_clock
from textback.doctor.asterisk.etc import EXTENSIONS, Etc, read_etc
from textback.doctor.asterisk.exits import examine_exits, examine_names
from textback.doctor.asterisk.files import examine_files
from textback.doctor.asterisk.hooks import contexts, examine_hooks
from textback.doctor.asterisk.loaded import examine_loaded, is_ours
from textback.doctor.asterisk.look import Look, look
from textback.doctor.asterisk.plan import Plan, plan_of
from textback.doctor.asterisk.prompts import examine_prompts, sounds_of
from textback.doctor.asterisk.trunks import examine_contexts, examine_trunks
from textback.doctor.asterisk.user import examine_user
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.asterisk.written import examine_records
from textback.doctor.finding import Finding
from textback.doctor.reaching import local_address, no_certificates
from textback.doctor.visit import Visit
from textback.following import ami_settings
from textback.pbx.errors import CertificatesError, LinkError

ETC = Path("/etc/asterisk")


async def examine(wanted: Wanted, visit: Visit) -> AsyncIterator[Finding]:
    """All findings about one Asterisk; nothing is changed there."""
    folder = visit.files or (ETC if _is_here(wanted) and ETC.is_dir() else None)
    etc = read_etc(folder) if folder else None
    found: Look | None = None
    try:
        found = await look(ami_settings(wanted.pbx), _contexts(wanted), visit.listen, visit.clock, visit.on_listening)
        for finding in let_in(wanted, found):
            yield finding
    except CertificatesError as error:
        yield no_certificates(wanted.pbx, error)
    except LinkError as error:
        for finding in kept_out(wanted, etc, error, local_address(wanted.pbx.host, wanted.pbx.port)):
            yield finding
    for finding in _from_both(wanted, etc, found, visit):
        yield finding


def _from_both(wanted: Wanted, etc: Etc | None, found: Look | None, visit: Visit) -> Iterator[Finding]:
    if etc:
        yield from examine_files(wanted.pbx.name, etc)
    yield from examine_user(wanted, etc, found)
    if found:
        yield from examine_clock(wanted.pbx.name, found.skew)
    yield from examine_trunks(wanted, etc, found)
    written, shown = _written(etc), found.plan if found else None
    if written and shown:
        yield from examine_loaded(wanted.pbx.name, written, shown)
    plan = _together(written, shown)
    yield from examine_contexts(wanted, etc, found, plan)
    major = found.version[0] if found and found.version else None
    yield from examine_dialplan(wanted, etc, plan, found.queues if found else None, major)
    sounds = visit.sounds or (sounds_of(etc) if _is_here(wanted) else None)
    if sounds:
        yield from examine_prompts(wanted, sounds)
    yield from examine_records(wanted.pbx, etc, visit.clock)


def examine_dialplan(
    wanted: Wanted, etc: Etc | None, plan: Plan | None, queues: frozenset[str] | None, major: int | None
) -> Iterator[Finding]:
    """What ``textback dialplan check`` looks at: queues, their exits, our contexts, and who calls them.

    ``queues``: those that the PBX told; ``major``: its version, None where it is not known.
    """
    yield from examine_names(wanted, etc, queues)
    yield from examine_hooks(wanted, etc, plan)
    yield from examine_exits(wanted, etc, plan, queues)
    yield from examine_calls(wanted, etc, plan, major)


def examine_written(wanted: Wanted, folder: Path, major: int | None) -> Iterator[Finding]:
    """The same of a folder alone."""
    etc = read_etc(folder)
    yield from examine_files(wanted.pbx.name, etc)
    yield from examine_dialplan(wanted, etc, _written(etc), None, major)


def _written(etc: Etc | None) -> Plan | None:
    conf = etc.get(EXTENSIONS) if etc else None
    return plan_of(conf) if conf else None


def _together(written: Plan | None, shown: Plan | None) -> Plan | None:
    """What is loaded, with the lines of the files; of ours, only what is loaded."""
    if shown is None or written is None:
        return shown if written is None else written
    return {**shown, **{name: there for name, there in written.items() if name in shown or not is_ours(name)}}


def _contexts(wanted: Wanted) -> list[str]:
    return [*wanted.pbx.inbound_contexts, *contexts(wanted)]


def _is_here(wanted: Wanted) -> bool:
    return wanted.pbx.host in ("localhost", "::1") or wanted.pbx.host.startswith("127.")
