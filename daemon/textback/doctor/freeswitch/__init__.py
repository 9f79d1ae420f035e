"""Everything that must be true on one FreeSWITCH: what it tells over its event socket, and what stands in its files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from textback.doctor.finding import Finding
from textback.doctor.freeswitch.access import examine_socket, kept_out, let_in
from textback.doctor.freeswitch.calls import examine_calls
from textback.doctor.freeswitch.clocks import examine_clock
from textback.doctor.freeswitch.conf import Conf, read_conf
from textback.doctor.freeswitch.files import examine_files
from textback.doctor.freeswitch.hooks import examine_hooks
from textback.doctor.freeswitch.loaded import examine_loaded, together
from textback.doctor.freeswitch.look import Look, Questions, look
from textback.doctor.freeswitch.modules import examine_modules
from textback.doctor.freeswitch.prompts import examine_prompts, wanted_prompts
from textback.doctor.freeswitch.queues import examine_queues
from textback.doctor.freeswitch.trunks import examine_contexts, examine_trunks
from textback.doctor.freeswitch.wanted import Wanted, is_near
from textback.doctor.freeswitch.written import examine_records
from textback.doctor.reaching import local_address, no_certificates
from textback.doctor.visit import Visit
from textback.following import esl_settings
from textback.pbx.errors import CertificatesError, LinkError
from textback.pbx.esl_actions import CONTEXT

ETC = Path("/etc/freeswitch")


async def examine(wanted: Wanted, visit: Visit) -> AsyncIterator[Finding]:
    """All findings about one FreeSWITCH; nothing is changed there."""
    found: Look | None = None
    try:
        found = await _look(wanted, visit)
        for finding in let_in(wanted, found):
            yield finding
    except CertificatesError as error:
        yield no_certificates(wanted.pbx, error)
    except LinkError as error:
        conf = _files(wanted, visit, None)
        for finding in kept_out(wanted, conf, error, local_address(wanted.pbx.host, wanted.pbx.port)):
            yield finding
    for finding in _from_both(wanted, _files(wanted, visit, found), found, visit):
        yield finding


async def _look(wanted: Wanted, visit: Visit) -> Look:
    contexts = [*wanted.pbx.inbound_contexts, CONTEXT]
    questions = Questions(contexts, wanted_prompts(wanted), lambda profile: wanted.is_trunk(profile.channel))
    return await look(esl_settings(wanted.pbx), questions, visit.clock, visit.listen, visit.on_listening)


def _files(wanted: Wanted, visit: Visit, found: Look | None) -> Conf | None:
    """Its folder: the one that is told, or that it names itself, or the usual one, on this computer."""
    own = found.variables.get("conf_dir") if found else None
    folder = visit.files or (Path(own or ETC) if is_near(wanted.pbx) else None)
    return read_conf(folder, found.variables if found else None) if folder and folder.is_dir() else None


def _from_both(wanted: Wanted, files: Conf | None, found: Look | None, visit: Visit) -> Iterator[Finding]:
    if files:
        yield from examine_files(wanted.pbx.name, files)
    if found:
        yield from examine_clock(wanted, found.skew)
    if files and found and not files.faults:
        yield from examine_loaded(wanted.pbx.name, files, found.conf)
    conf = together(files, found.conf if found else None)
    yield from examine_socket(wanted, conf)
    yield from examine_modules(wanted, conf, found)
    yield from examine_trunks(wanted, conf, found)
    yield from examine_contexts(wanted, conf, found)
    yield from examine_dialplan(wanted, conf, found)
    yield from examine_prompts(wanted, found, visit.sounds)
    yield from examine_records(wanted, conf, found, visit.clock)


def examine_dialplan(wanted: Wanted, conf: Conf, found: Look | None) -> Iterator[Finding]:
    """What ``textback dialplan check`` looks at: queues, our context, and the lines that lead there."""
    yield from examine_queues(wanted, conf, found)
    yield from examine_hooks(wanted, conf, found is not None)
    yield from examine_calls(wanted, conf, found)


def examine_written(wanted: Wanted, folder: Path) -> Iterator[Finding]:
    """The same of a folder alone."""
    conf = read_conf(folder)
    yield from examine_files(wanted.pbx.name, conf)
    yield from examine_dialplan(wanted, conf, None)
