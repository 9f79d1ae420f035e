"""Whether FreeSWITCH and this computer agree on the time: FreeSWITCH keeps its own, and follows no step of NTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from textback.doctor.asterisk.clocks import examine_clock as examine_any
from textback.doctor.finding import SHELL, Finding
from textback.doctor.freeswitch.wanted import Wanted, is_near

_SYNC = "fs_cli -x 'fsctl sync_clock'"


def examine_clock(wanted: Wanted, skew: float | None) -> Iterator[Finding]:
    """``skew``: by how many seconds the PBX's clock is ahead of ours."""
    for finding in examine_any(wanted.pbx.name, skew):
        if finding.file != SHELL:
            yield finding
        elif is_near(wanted.pbx):
            says = finding.message.partition(":")[0] + ": FreeSWITCH has kept its own since it started"
            yield replace(finding, message=says, lines=(_SYNC,))
        else:
            yield replace(finding, lines=(*finding.lines, _SYNC))
