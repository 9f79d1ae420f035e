"""A database like FusionPBX's, as far as calls are kept there."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy import Connection, text

from textback.store.engine import open_engine

#: the types of its columns (app/xml_cdr/app_config.php): key, epoch, document
TYPES = {
    "postgresql": ("uuid", "numeric", "jsonb"),
    "mariadb": ("char(36)", "bigint", "text"),
    "sqlite": ("text", "numeric", "text"),
}


class Fusionpbx:
    """A FusionPBX's database, with the tables of one of its versions."""

    def __init__(self, url: str, beside: bool, within: bool) -> None:
        """``beside``: documents have a table of their own (5.3); ``within``: the table of the calls has a column."""
        self.url, self.beside, self.within = url, beside, within
        self.engine = open_engine(url)
        kind = self.engine.dialect.name
        key, epoch, document = TYPES["mariadb" if kind in ("mariadb", "mysql") else kind]
        column = f", json {document}" if within else ""
        with self.engine.begin() as connection:
            connection.execute(text(f"create table v_xml_cdr (xml_cdr_uuid {key}, end_epoch {epoch}{column})"))
            if beside:
                connection.execute(
                    text(f"create table v_xml_cdr_json (xml_cdr_json_uuid {key}, xml_cdr_uuid {key}, json {document})")
                )

    def add(self, document: Any, within: bool | None = None, ended: float = 1.0) -> None:
        """One row, as after one call; ``document``: a dict, a text, or None for a row without."""
        if isinstance(document, dict):
            ended = int(document["variables"]["end_uepoch"]) / 1_000_000
        told = document if document is None or isinstance(document, str) else json.dumps(document)
        with self.engine.begin() as connection:
            self._insert(connection, told, int(ended), self.within and not self.beside if within is None else within)

    def _insert(self, connection: Connection, told: str | None, ended: int, within: bool) -> None:
        key = str(uuid.uuid4())
        row: dict[str, Any] = {"key": key, "ended": ended}
        columns = "xml_cdr_uuid, end_epoch"
        if within:
            connection.execute(
                text(f"insert into v_xml_cdr ({columns}, json) values (:key, :ended, :told)"), row | {"told": told}
            )
            return
        connection.execute(text(f"insert into v_xml_cdr ({columns}) values (:key, :ended)"), row)
        if told is not None and self.beside:
            connection.execute(
                text("insert into v_xml_cdr_json values (:id, :key, :told)"),
                {"id": str(uuid.uuid4()), "key": key, "told": told},
            )
