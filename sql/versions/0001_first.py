"""Practices, lines, contacts, conversations, calls, messages, opt-outs, and whom staff reached."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    _practices()
    _people()
    _calls()
    _messages()


def downgrade() -> None:
    """Drop them all."""
    for table in ("messages", "calls", "staff_reached", "optouts", "conversations", "contacts"):
        op.drop_table(table)
    for table in ("lines", "practices"):
        op.drop_table(table)


def _instant() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _seconds() -> sa.types.TypeEngine[Any]:
    return sa.Float().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")


def _indices(table: str, *columns: tuple[str, ...]) -> None:
    for names in columns:
        op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, list(names))


def _practices() -> None:
    op.create_table(
        "practices",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.Column("updated_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_practices")),
    )
    op.create_table(
        "lines",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_lines")),
        sa.ForeignKeyConstraint(["practice"], ["practices.name"], name=op.f("fk_lines_practice")),
    )
    _indices("lines", ("practice",))


def _people() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("first_name", sa.String(100)),
        sa.Column("last_name", sa.String(100)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.ForeignKeyConstraint(["practice"], ["practices.name"], name=op.f("fk_contacts_practice")),
    )
    _indices("contacts", ("number",), ("practice", "number"))
    op.create_table(
        "conversations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice", sa.String(100), nullable=False),
        sa.Column("line", sa.String(32), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("contact_id", sa.Integer()),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("last_message_at", _instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("line", "number", name=op.f("uq_conversations_line_number")),
        sa.ForeignKeyConstraint(["practice"], ["practices.name"], name=op.f("fk_conversations_practice")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_conversations_contact_id")),
    )
    _indices("conversations", ("practice",), ("number",), ("contact_id",))
    op.create_table(
        "optouts",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_optouts")),
    )
    op.create_table(
        "staff_reached",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_reached")),
    )
    _indices("staff_reached", ("number", "at"))


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("pbx", sa.String(64), nullable=False),
        sa.Column("linkedid", sa.String(160)),
        sa.Column("practice", sa.String(100)),
        sa.Column("caller", sa.String(80)),
        sa.Column("caller_name", sa.String(255)),
        sa.Column("did", sa.String(80)),
        sa.Column("queue", sa.String(128)),
        sa.Column("language", sa.String(16)),
        sa.Column("started_at", _instant(), nullable=False),
        sa.Column("hold_started_at", _instant()),
        sa.Column("offered_at", _instant()),
        sa.Column("answered_at", _instant()),
        sa.Column("ended_at", _instant()),
        sa.Column("hold_seconds", _seconds()),
        sa.Column("ring_seconds", _seconds()),
        sa.Column("disposition", sa.String(16)),
        sa.Column("voicemail", sa.Boolean(), nullable=False),
        sa.Column("answered_by", sa.String(128)),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("flow", sa.String(16)),
        sa.Column("verdict", sa.String(8)),
        sa.Column("reason", sa.String(32)),
        sa.Column("why", sa.String(255)),
        sa.Column("message_id", sa.String(36)),
        sa.Column("conversation_id", sa.Integer()),
        sa.Column("deadline", _instant()),
        sa.Column("machine", sa.JSON()),
        sa.Column("story", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_calls_conversation_id")
        ),
    )
    _indices(
        "calls",
        ("started_at",),
        ("ended_at",),
        ("practice", "started_at"),
        ("caller", "started_at"),
        ("pbx", "verdict"),
        ("conversation_id",),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(255)),
        sa.Column("practice", sa.String(100)),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("flow", sa.String(16)),
        sa.Column("to_number", sa.String(32), nullable=False),
        sa.Column("from_number", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.String(8), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(255)),
        sa.Column("provider", sa.String(32)),
        sa.Column("provider_id", sa.String(64)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("due_at", _instant(), nullable=False),
        sa.Column("expires_at", _instant()),
        sa.Column("claimed_at", _instant()),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("sent_at", _instant()),
        sa.Column("delivered_at", _instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("call_id", name=op.f("uq_messages_call_id")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_messages_provider_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")
        ),
    )
    _indices(
        "messages", ("conversation_id",), ("status", "due_at"), ("to_number", "created_at"), ("created_at",)
    )
