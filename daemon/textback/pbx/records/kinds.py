"""The records of either kind of PBX."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from textback.pbx.records import Records
from textback.pbx.records.asterisk import AsteriskRecords
from textback.pbx.records.freeswitch import FreeswitchRecords

Kind = Literal["asterisk", "freeswitch"]


def records_of(
    kind: Kind,
    pbx: str,
    trunks: Iterable[str],
    contexts: Iterable[str],
    language: str,
    queue_log: str | None = None,
    cdr: str | None = None,
    timezone: str | None = None,
) -> Records | None:
    """The records of that PBX; None if none are named. ``queue_log`` and ``timezone`` are Asterisk's alone."""
    if kind == "freeswitch":
        return FreeswitchRecords(pbx, trunks, contexts, language, cdr) if cdr else None
    if not queue_log and not cdr:
        return None
    return AsteriskRecords(pbx, trunks, contexts, language, queue_log, cdr, timezone)
