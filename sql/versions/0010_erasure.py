"""Erasure, retention and restored backups: opt-outs without a number, and times that daemons agree on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "erased_optouts",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("erased_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_erased_optouts")),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def downgrade() -> None:
    """Take them away; whoever was erased and had opted out can then be texted again."""
    op.drop_table("marks")
    op.drop_table("erased_optouts")
