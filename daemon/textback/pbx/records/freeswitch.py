"""FreeSWITCH's own records of its calls, in which the callers' own legs tell it all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from textback.events import CallerArrived, StaffReached
from textback.pbx.esl_phones import is_phone
from textback.pbx.records import Records, Visit, in_order
from textback.pbx.records.fusionpbx import FusionpbxCdr
from textback.pbx.records.json_cdr import JsonCdr
from textback.pbx.records.json_leg import JsonLeg
from textback.pbx.records.json_retelling import moments
from textback.pbx.records.record_table import is_url
from textback.pbx.records.rotated import Progress, nothing
from textback.pbx.records.source import Source

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: seconds in which FusionPBX puts what FreeSWITCH has written into its database (xml_cdr_service.php looks at 10 Hz)
_IMPORT = 2.0
_DIALLED = re.compile(r"\+?\d{7,15}")


class FreeswitchRecords(Records):
    """Reads ``cdr``: the folder of mod_json_cdr (its log-dir), or the URL of FusionPBX's database.

    Legs that were called (log-b-leg) are not needed.
    """

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str], language: str, cdr: str
    ) -> None:
        super().__init__(pbx, trunks, contexts, language)
        self.cdr = FusionpbxCdr(cdr) if is_url(cdr) else JsonCdr(cdr)
        self.lag = _IMPORT if is_url(cdr) else 0.0

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.cdr,)

    def visits(
        self, since: float, known: Collection[str] = (), on_bytes: Progress = nothing
    ) -> Iterator[Visit | StaffReached]:
        for leg in self.cdr.read(since, on_bytes):
            if not leg.is_inbound:
                continue
            if self._is_caller(leg) or leg.uuid in known and self.is_trunk(leg.channel):
                yield self._visit(leg)
            else:
                yield from self._staff(leg)

    def _is_caller(self, leg: JsonLeg) -> bool:
        if not self.is_trunk(leg.channel) or self._contexts and leg.context not in self._contexts:
            return False
        return not is_phone(leg.number, leg.variables.get, bool(self._contexts))

    def _visit(self, leg: JsonLeg) -> Visit:
        call_id = self.call_id(leg.uuid)
        tampered = bool(_CONTROL.search(leg.number or ""))
        arrived = CallerArrived(
            call_id,
            leg.started,
            pbx=self.pbx,
            linkedid=leg.uuid,
            number=None if tampered or leg.withheld else leg.number,
            name=leg.name,
            did=None if _CONTROL.search(leg.did or "") else leg.did,
            withheld=leg.withheld,
            tampered=tampered,
        )
        return Visit(leg.uuid, arrived, leg.ended, tuple(in_order(moments(leg, call_id), leg.started)))

    def _staff(self, leg: JsonLeg) -> Iterator[StaffReached]:
        """A phone of the house that reached somebody outside."""
        dialled = _DIALLED.fullmatch(leg.did or "")
        if leg.bridges and dialled and self.is_trunk(leg.variables["bridge_channel"]):
            yield StaffReached(self.call_id(leg.uuid), leg.bridges[0], dialled.group())
