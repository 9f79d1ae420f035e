"""Pages: tiles of the inbox, users with their sessions, notes, the audit trail, and calls that need somebody."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDICES = (
    ("contacts", "practice", "external_id"),
    ("conversations", "practice", "state", "unread_since", "last_message_at"),
    ("conversations", "state", "snoozed_until"),
    ("calls", "caller_tail", "started_at"),
    ("calls", "practice", "needs_since"),
    ("calls", "practice", "disposition", "started_at"),
    ("calls", "practice", "queue", "started_at"),
    ("calls", "message_id"),
    ("messages", "conversation_id", "created_at"),
)
NEW_TABLES = ("keys", "notes", "audit", "sign_in_failures", "sessions", "memberships", "users")


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _running() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _practice() -> sa.String:
    """What refers to a practice's name compares as that does: in an old MariaDB database, in another way."""
    bind = op.get_bind()
    if bind.dialect.name not in ("mysql", "mariadb"):
        return sa.String(100)
    where = "table_schema = DATABASE() AND table_name = 'practices' AND column_name = 'name'"
    found = bind.execute(sa.text(f"SELECT collation_name FROM information_schema.columns WHERE {where}"))
    return sa.String(100, collation=found.scalar())


def _columns() -> dict[str, list[sa.Column[Any]]]:
    return {
        "contacts": [sa.Column("external_id", sa.String(64)), sa.Column("updated_at", _instant())],
        "conversations": [
            sa.Column("state", sa.String(8)),
            sa.Column("assignee", sa.String(100)),
            sa.Column("unread_since", _instant()),
            sa.Column("waiting_since", _instant()),
            sa.Column("snoozed_until", _instant()),
            sa.Column("last_reply_at", _instant()),
            sa.Column("asked", sa.JSON()),
        ],
        "calls": [
            sa.Column("caller_tail", sa.String(4)),
            sa.Column("needs_since", _instant()),
            sa.Column("dealt_with_at", _instant()),
            sa.Column("dealt_with_by", sa.String(100)),
        ],
    }


def upgrade() -> None:
    """Add the columns, what is known for them, their indices, and the tables."""
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    _fill()
    for table, *names in INDICES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, names)
    op.drop_index(op.f("ix_messages_conversation_id"), "messages")
    _users()
    _trail()


def _fill() -> None:
    """Who has replied has a tile; what is long past needs nobody."""
    op.execute("UPDATE calls SET caller_tail = substr(caller, length(caller) - 3) WHERE length(caller) >= 4")
    last = "(SELECT max(created_at) FROM messages WHERE conversation_id = conversations.id AND direction = 'in')"
    op.execute(f"UPDATE conversations SET last_reply_at = {last}")
    op.execute("UPDATE conversations SET state = 'open' WHERE last_reply_at IS NOT NULL")


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("full_name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("password_at", _instant(), nullable=False),
        sa.Column("shortcuts", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("removed_at", _instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("practice", _practice(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.ForeignKeyConstraint(["practice"], ["practices.name"], name=op.f("fk_memberships_practice")),
        sa.PrimaryKeyConstraint("user_id", "practice", name=op.f("pk_memberships")),
    )
    _sessions()


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("seen_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant(), nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("agent", sa.String(255)),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    _indices("sessions", ("user_id",), ("expires_at",))
    op.create_table(
        "sign_in_failures",
        sa.Column("id", _running(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    _indices("sign_in_failures", ("at",), ("name", "at"), ("address", "at"))


def _trail() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _running(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("practice", sa.String(100)),
        sa.Column("conversation_id", sa.Integer()),
        sa.Column("call_id", sa.String(255)),
        sa.Column("detail", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    _indices("audit", ("at",), ("call_id",), ("who", "at"), ("conversation_id", "at"))
    op.create_table(
        "notes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_notes_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    _indices("notes", ("conversation_id", "at"))
    op.create_table(
        "keys",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_keys")),
    )


def _indices(table: str, *columns: tuple[str, ...]) -> None:
    for names in columns:
        op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, list(names))


def downgrade() -> None:
    """Take them away: tiles, users, notes and the trail are gone with them."""
    for table in NEW_TABLES:
        op.drop_table(table)
    op.create_index(op.f("ix_messages_conversation_id"), "messages", ["conversation_id"])
    for table, *names in INDICES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(names)}"), table)
    for table, columns in _columns().items():
        with op.batch_alter_table(table) as altered:
            for column in reversed(columns):
                altered.drop_column(column.name)
