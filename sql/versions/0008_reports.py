"""Reports: the figures of each day that is over, and which days have changed since."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COUNTED = (
    "calls", "answered", "abandoned", "abandoned_short", "missed", "offers", "texted", "delivered", "replied",
    "lost_callers", "recovered", "trial_texted", "trial_texted_back", "trial_held_out", "trial_held_out_back",
)  # fmt: skip


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Add the tables; the daemon fills them."""
    op.create_table(
        "report_changes",
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "day", name=op.f("pk_report_changes")),
    )
    op.create_table(
        "report_days",
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("rules", sa.String(32), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("counted_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "day", name=op.f("pk_report_days")),
    )
    op.create_table(
        "report_counts",
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTED),
        sa.Column("reply_seconds", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "day", "line", "queue", name=op.f("pk_report_counts")),
    )


def downgrade() -> None:
    """Take them away: nothing is lost that cannot be counted again."""
    for table in ("report_counts", "report_days", "report_changes"):
        op.drop_table(table)
