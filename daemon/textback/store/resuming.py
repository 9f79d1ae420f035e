"""Migrations on MariaDB, which commits each change of a table at once: one that was cut off goes on where it was."""

from __future__ import annotations

from typing import Any

from alembic.ddl.base import AddColumn
from alembic.ddl.mysql import MariaDBImpl
from sqlalchemy import inspect
from sqlalchemy.schema import CreateIndex, CreateTable, DropIndex


class ResumingMariaDB(MariaDBImpl):
    """Leaves out what was done before: Alembic takes the last class of a dialect's name.

    A table is taken for ours only if it has just the columns that it is to have.
    """

    __dialect__ = "mariadb"

    def _exec(self, construct: Any, *args: Any, **more: Any) -> Any:
        return None if self._is_done(construct) else super()._exec(construct, *args, **more)

    def _is_done(self, construct: Any) -> bool:
        if isinstance(construct, CreateTable):
            table = construct.element
            return self._columns(table.name) == {column.name for column in table.columns}
        if isinstance(construct, AddColumn):
            return construct.column.name in self._columns(construct.table_name)
        if isinstance(construct, CreateIndex):
            return construct.element.name in self._indices(construct.element)
        return isinstance(construct, DropIndex) and construct.element.name not in self._indices(construct.element)

    def _columns(self, table: str) -> set[str]:
        found = inspect(self.connection)
        return {one["name"] for one in found.get_columns(table)} if found.has_table(table) else set()

    def _indices(self, index: Any) -> set[str | None]:
        return {one["name"] for one in inspect(self.connection).get_indexes(index.table.name)}
