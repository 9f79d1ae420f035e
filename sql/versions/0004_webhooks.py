"""Webhooks: the tokens of call-centre software that starts a flow by HTTP."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "webhook_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("flow", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("label", sa.String(100)),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", _instant()),
        sa.Column("last_used_at", _instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_webhook_tokens_hash")),
    )


def downgrade() -> None:
    """Take it away: no older version knows any of these tokens."""
    op.drop_table("webhook_tokens")
