"""An index for the budgets, which are counted at every verdict."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "ix_messages_practice_status_created_at_flow"


def upgrade() -> None:
    """Add it."""
    op.create_index(op.f(NAME), "messages", ["practice", "status", "created_at", "flow"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f(NAME), "messages")
