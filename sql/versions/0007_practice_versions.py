"""The versions of practices: what each of them wanted before, and who changed it when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _practice() -> sa.String:
    """What refers to a practice's name compares as that does: in an old MariaDB database, in another way."""
    bind = op.get_bind()
    if bind.dialect.name not in ("mysql", "mariadb"):
        return sa.String(100)
    where = "table_schema = DATABASE() AND table_name = 'practices' AND column_name = 'name'"
    found = bind.execute(sa.text(f"SELECT collation_name FROM information_schema.columns WHERE {where}"))
    return sa.String(100, collation=found.scalar())


def upgrade() -> None:
    """Make the table, and begin it with what holds now."""
    op.create_table(
        "practice_versions",
        sa.Column("practice", _practice(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["practice"], ["practices.name"], name=op.f("fk_practice_versions_practice")),
        sa.PrimaryKeyConstraint("practice", "version", name=op.f("pk_practice_versions")),
    )
    op.execute(
        "INSERT INTO practice_versions (practice, version, document, changed_at, changed_by)"
        " SELECT name, version, document, updated_at, updated_by FROM practices"
    )


def downgrade() -> None:
    """Take it away, and the history with it."""
    op.drop_table("practice_versions")
