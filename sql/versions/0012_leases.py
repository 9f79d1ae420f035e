"""Several daemons: who writes for which PBX, who stands by, what one asks of another, and which may be together."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add the tables; the daemons fill them."""
    op.create_table(
        "leases",
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", name=op.f("pk_leases")),
    )
    op.create_table(
        "standbys",
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.Column("daemon", sa.String(64), nullable=False),
        sa.Column("is_up", sa.Boolean(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("pbx", "daemon", name=op.f("pk_standbys")),
    )
    op.create_table(
        "errands",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("asked_at", _instant(), nullable=False),
        sa.Column("taken_at", _instant()),
        sa.Column("answered_at", _instant()),
        sa.Column("answer", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errands")),
    )
    op.create_index(op.f("ix_errands_pbx_answered_at"), "errands", ["pbx", "answered_at"])
    op.create_index(op.f("ix_errands_asked_at"), "errands", ["asked_at"])
    op.create_table(
        "paces",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("segments", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_paces")),
    )
    op.create_table(
        "series",
        sa.Column("oldest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("oldest", name=op.f("pk_series")),
    )


def downgrade() -> None:
    """Take them away: a single daemon needs none of them."""
    for table in ("series", "paces", "errands", "standbys", "leases"):
        op.drop_table(table)
