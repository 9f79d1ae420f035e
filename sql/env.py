"""Alembic's entry: migrates over the connection, and in the transaction, of ``textback.store.migrations``."""

from __future__ import annotations

from alembic import context

from textback.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
