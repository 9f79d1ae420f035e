"""Replies: texts that come in, who wrote and what answers, senders that are alive, line types, raw callbacks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW = ("claim", "answer", "author", "media")


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add the columns and tables."""
    for column in (
        sa.Column("claim", sa.String(36)),
        sa.Column("answer", sa.String(16)),
        sa.Column("author", sa.String(100)),
        sa.Column("media", sa.JSON()),
    ):
        op.add_column("messages", column)
    op.create_table(
        "senders",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("seen_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_senders")),
    )
    op.create_table(
        "line_types",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_line_types")),
    )
    op.create_table(
        "polls",
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("seen_until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_polls")),
    )
    _callbacks()


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", _instant(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint(
            "provider", "kind", "provider_id", "state", name=op.f("uq_callbacks_provider_kind_provider_id_state")
        ),
    )
    op.create_index(op.f("ix_callbacks_received_at"), "callbacks", ["received_at"])


def downgrade() -> None:
    """Take them away; what came in goes, too, since no older version knows such messages."""
    op.execute("DELETE FROM messages WHERE direction = 'in'")
    for table in ("callbacks", "polls", "line_types", "senders"):
        op.drop_table(table)
    with op.batch_alter_table("messages") as messages:
        for name in reversed(NEW):
            messages.drop_column(name)
