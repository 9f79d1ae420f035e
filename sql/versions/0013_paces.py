"""Several daemons: what all of them have sent together, and of which versions they may be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; the daemons fill them."""
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
    """Take them away."""
    op.drop_table("series")
    op.drop_table("paces")
