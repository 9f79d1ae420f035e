"""Reports: figures packed by month, and until when days are sealed; indices of calls with a text, and of tiles."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COUNTED = (
    "calls", "answered", "abandoned", "abandoned_short", "missed", "offers", "texted", "delivered", "replied",
    "lost_callers", "recovered", "trial_texted", "trial_texted_back", "trial_held_out", "trial_held_out_back",
)  # fmt: skip


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _numbers() -> sa.types.TypeEngine[Any]:
    return sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    """All days are counted once more, by the daemon: until then their reports take longer."""
    op.execute("DELETE FROM report_days")
    op.drop_table("report_counts")
    op.create_table(
        "report_months",
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(128), nullable=False),
        sa.Column("counts", _numbers(), nullable=False),
        sa.Column("waits", _numbers(), nullable=False),
        sa.PrimaryKeyConstraint("practice", "month", "line", "queue", name=op.f("pk_report_months")),
    )
    op.create_table(
        "report_seals",
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("at", _instant(), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("practice", name=op.f("pk_report_seals")),
    )
    op.create_index(
        "ix_conversations_practice_state_last_message_at", "conversations", ["practice", "state", "last_message_at"]
    )
    has_text = sa.text("message_id IS NOT NULL")
    op.create_index(
        "ix_calls_practice_disposition_started_at_message_id",
        "calls",
        ["practice", "disposition", "started_at", "message_id"],
        sqlite_where=has_text,
        postgresql_where=has_text,
        postgresql_include=["id", "conversation_id"],
    )


def downgrade() -> None:
    """What can be counted again is; the figures of days whose calls were deleted are lost."""
    op.drop_index("ix_calls_practice_disposition_started_at_message_id", "calls")
    op.drop_index("ix_conversations_practice_state_last_message_at", "conversations")
    op.drop_table("report_seals")
    op.drop_table("report_months")
    op.execute("DELETE FROM report_days")
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
