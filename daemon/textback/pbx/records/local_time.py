"""Times that a PBX writes in its own zone, as epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_UNIQUEID = re.compile(r"(?:.*-)?(\d{9,11})\.\d+")
#: seconds; every zone is a multiple of this away from UTC
_QUARTER = 900
#: seconds; what is told of a channel so long after its start may be a sign of another zone
_PATIENCE = 3600 - 60
#: seconds by which the start of a channel and what is told of it first may differ
_SLACK = 2


@lru_cache(maxsize=4096)
def born(uniqueid: str) -> float | None:
    """When the channel of a Uniqueid was made, in epoch seconds: ``pbx1-1795293815.0`` -> 1795293815."""
    found = _UNIQUEID.fullmatch(uniqueid)
    return float(found[1]) if found else None


class LocalTime:
    """Epoch seconds from the wall clock of a PBX.

    ``timezone``: its IANA name. Without one the zone is told by the Uniqueids: each begins with the epoch second in
    which its channel was made, so that daylight saving, too, needs no guess.
    """

    def __init__(self, timezone: str | None = None) -> None:
        self._zone = ZoneInfo(timezone) if timezone else None
        self._offset: float | None = None

    def epoch(self, text: str | datetime, uniqueid: str) -> float:
        """The epoch second of ``2026-11-21 20:43:35``; ValueError for what is no time."""
        moment = _read(text) if isinstance(text, str) else text
        if moment.tzinfo is not None:
            return moment.timestamp()
        if self._zone:
            return self._in_zone(moment, self._zone, born(uniqueid))
        wall = moment.replace(tzinfo=UTC).timestamp()
        return wall - self._learn(wall, born(uniqueid))

    def _in_zone(self, moment: datetime, zone: ZoneInfo, made: float | None) -> float:
        first = moment.replace(tzinfo=zone, fold=0).timestamp()
        if made is None or first >= made:
            return first
        return moment.replace(tzinfo=zone, fold=1).timestamp()  # the hour that the autumn has twice

    def _learn(self, wall: float, made: float | None) -> float:
        if made is not None:
            away = wall - made
            late = away - self._offset if self._offset is not None else -_QUARTER
            # Later than that it may as well be a long call: only what is a zone to the second is one.
            if late < -_SLACK or (late >= _PATIENCE and (late + _SLACK) % _QUARTER <= 2 * _SLACK):
                self._offset = (away + _SLACK) // _QUARTER * _QUARTER
        return self._offset or 0.0


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime:
    return datetime.fromisoformat(text.strip())
