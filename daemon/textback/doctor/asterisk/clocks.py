"""Whether the PBX and this computer agree on the time: the records of calls are compared with what we saw."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.finding import SHELL, Finding, failed, ok, skipped, warning

#: seconds; records have whole seconds, and a text may be too old after some minutes
NOTICED, TOO_MUCH = 2.0, 30.0


def examine_clock(pbx: str, skew: float | None) -> Iterator[Finding]:
    """``skew``: by how many seconds the PBX's clock is ahead of ours."""
    check = f"{pbx}/clock"
    if skew is None:
        yield skipped(check, "the PBX does not tell its time")
        return
    if abs(skew) < NOTICED:
        yield ok(check, f"its clock and ours differ by {abs(skew):.1f} s")
        return
    says = f"the PBX's clock is {_long(abs(skew))} {'ahead of' if skew > 0 else 'behind'} ours: let both follow NTP"
    tell = failed if abs(skew) >= TOO_MUCH else warning
    yield tell(check, says, ("timedatectl set-ntp true", "timedatectl timesync-status"), SHELL)


def _long(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
