"""FreeSWITCH's call detail records as FusionPBX keeps them: mod_xml_cdr's document of each leg, as JSON in a table."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Select, Table, Text, cast, func, inspect, null, select

from textback.pbx.records import rotated
from textback.pbx.records.json_document import LARGEST, leg_of_xml
from textback.pbx.records.json_leg import JsonLeg
from textback.pbx.records.record_table import RecordTable, where

log = logging.getLogger(__name__)

_TABLE, _DOCUMENTS, _KEY = "v_xml_cdr", "v_xml_cdr_json", "xml_cdr_uuid"


class FusionpbxCdr:
    """Reads one database; ``faults`` counts what could not be used, by kind, and each kind is logged once."""

    def __init__(self, url: str) -> None:
        """``url``: of FusionPBX's own database, mostly ``fusionpbx`` on PostgreSQL."""
        self._url = url
        self.faults: Counter[str] = Counter()

    @property
    def where(self) -> str:
        """Which table that is, without what must not be shown. Raises ``RecordsError``."""
        return where(self._url, _TABLE)

    def size(self, since: float = 0.0) -> int | None:
        """Unknown."""

    def read(self, since: float = 0.0, on_bytes: rotated.Progress = rotated.nothing) -> Iterator[JsonLeg]:
        """The legs that ended at ``since`` (epoch seconds) or later, in the order of their ends.

        Raises ``RecordsError`` if the table cannot be read.
        """
        for row in _Documents(self._url, _TABLE, ("end_epoch",)).rows(since):
            leg = self._leg(row["document"])
            if leg is not None and leg.ended >= since:
                yield leg

    def _leg(self, document: str | None) -> JsonLeg | None:
        if not document:
            return self._fault("no document")
        if len(document) > LARGEST:
            return self._fault("too long")
        try:
            return leg_of_xml(json.loads(document))
        except (ValueError, RecursionError):
            return self._fault("torn")

    def _fault(self, kind: str) -> JsonLeg | None:
        """Passes over a row; what stands in it may be a person's number, and is not told."""
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            log.warning("%s: a row is passed over (%s)", self.where, kind)
        return None


class _Documents(RecordTable):
    """The documents stand in a table of their own (FusionPBX 5.3 and later), or in the table of the calls itself."""

    chunk = 50

    def _query(self, connection: Connection, table: Table) -> Select[Any]:
        found = [table.c.json] if "json" in table.c else []
        if not inspect(connection).has_table(_DOCUMENTS):
            return select(_text(found).label("document"))
        documents = Table(_DOCUMENTS, MetaData(), autoload_with=connection, resolve_fks=False)
        beside = table.outerjoin(documents, documents.c[_KEY] == table.c[_KEY])
        return select(_text([documents.c.json, *found]).label("document")).select_from(beside)


def _text(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
    """The first of them that is set, as text, whichever type a document has in that database."""
    texts = [cast(column, Text) for column in columns]
    return func.coalesce(*texts, null())
