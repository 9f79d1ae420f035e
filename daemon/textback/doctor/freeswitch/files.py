"""What FreeSWITCH cannot read in its files, and what we may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from textback.doctor.finding import Finding, failed, ok, skipped, warning
from textback.doctor.freeswitch.conf import FIRST, Conf, Fault
from textback.doctor.freeswitch.lines import Oddity

_SECRET = re.compile(r"""(?i)(passw|secret)""")
_VALUE = re.compile(r"""value\s*=.*""")


def examine_files(pbx: str, conf: Conf) -> Iterator[Finding]:
    """The folder as such, whatever is configured."""
    check = f"{pbx}/files"
    if FIRST in conf.unread:
        says = f"{conf.folder} has no {FIRST} that we can read ({conf.unread[FIRST]}): is that the folder of this PBX?"
        yield skipped(check, says)
        return
    for name, why in conf.unread.items():
        yield skipped(check, f"{conf.folder}/{name}: {why}: run this as somebody who may read it")
    for fault in conf.faults:
        says = (
            f"{fault.file}, line {fault.line}: {fault.why}, so reloadxml fails, nothing that you change is loaded, and"
            " FreeSWITCH does not start again"
        )
        yield failed(check, says, (_shown(fault),), f"{fault.file}, line {fault.line}, to be mended")
    for odd in conf.odd:
        yield _odd(check, odd)
    if not conf.unread and not conf.faults and not conf.odd:
        yield ok(check, f"FreeSWITCH can read its files in {conf.folder}")


def _odd(check: str, odd: Oddity) -> Finding:
    file, where = f"{odd.file}, line {odd.line}", f"{odd.file}, line {odd.line}"
    if odd.is_commented:
        says = f"{where}: FreeSWITCH follows X-PRE-PROCESS in a comment, too"
    else:
        says = f"{where}: FreeSWITCH passes over all else in a line with X-PRE-PROCESS, <include> or <?"
    return warning(check, says, tuple(map(_without_secret, odd.apart)), file, (_without_secret(odd.text),))


def _without_secret(text: str) -> str:
    return _VALUE.sub('value="change-me"/>', text) if _SECRET.search(text) else text


def _shown(fault: Fault) -> str:
    """The line as it is: what is meant only a person knows."""
    return _without_secret(fault.text)
