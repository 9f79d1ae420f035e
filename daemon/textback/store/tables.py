"""The tables as SQLAlchemy Core sees them; ``sql/`` creates them, ``sql/README.md`` explains every column."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import mysql

from textback.store import notice_table, report_tables, shared_tables, staff_tables
from textback.store.columns import Foreign, Instant
from textback.store.schema import metadata

__all__ = [
    "callbacks", "calls", "contacts", "conversations", "erased_optouts", "line_types", "lines", "links", "marks",
    "messages", "metadata", "notice_table", "optouts", "polls", "practice_versions", "practices", "report_tables",
    "senders", "shared_tables", "staff_reached", "staff_tables", "webhook_tokens",
]  # fmt: skip

#: MariaDB's FLOAT has seven digits
_Seconds = Float().with_variant(mysql.DOUBLE(asdecimal=False), "mysql", "mariadb")

practices = Table(
    "practices",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("updated_by", String(100), nullable=False),
)

practice_versions = Table(
    "practice_versions",
    metadata,
    Column("practice", ForeignKey("practices.name"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(100), nullable=False),
)

lines = Table(
    "lines",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("practice", ForeignKey("practices.name"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("practice", ForeignKey("practices.name"), nullable=False),
    Column("number", String(32), nullable=False, index=True),
    Column("first_name", String(100)),
    Column("last_name", String(100)),
    Column("kind", String(16), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("language", String(16)),
    Column("created_at", Instant, nullable=False),
    Column("external_id", String(64)),
    Column("updated_at", Instant),
    Index("ix_contacts_practice_number", "practice", "number"),
    Index("ix_contacts_practice_external_id", "practice", "external_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("practice", ForeignKey("practices.name"), nullable=False, index=True),
    Column("line", String(32), nullable=False),
    Column("number", String(32), nullable=False, index=True),
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_message_at", Instant),
    Column("state", String(8)),
    Column("assignee", String(100)),
    Column("unread_since", Instant),
    Column("waiting_since", Instant),
    Column("snoozed_until", Instant),
    Column("last_reply_at", Instant),
    Column("asked", JSON(none_as_null=True)),
    UniqueConstraint("line", "number"),
    Index(
        "ix_conversations_practice_state_unread_since_last_message_at",
        "practice", "state", "unread_since", "last_message_at",  # fmt: skip
    ),
    Index("ix_conversations_practice_state_last_message_at", "practice", "state", "last_message_at"),
    Index("ix_conversations_state_snoozed_until", "state", "snoozed_until"),
)

calls = Table(
    "calls",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("pbx", String(64), nullable=False),
    Column("linkedid", Foreign(160)),
    Column("practice", String(100)),
    Column("caller", Foreign(80)),
    Column("caller_name", Foreign(255)),
    Column("did", Foreign(80)),
    Column("queue", Foreign(128)),
    Column("language", Foreign(16)),
    Column("started_at", Instant, nullable=False),
    Column("hold_started_at", Instant),
    Column("offered_at", Instant),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("hold_seconds", _Seconds),
    Column("ring_seconds", _Seconds),
    Column("disposition", String(16)),
    Column("voicemail", Boolean, nullable=False, default=False),
    Column("answered_by", Foreign(128)),
    Column("backfilled", Boolean, nullable=False, default=False),
    Column("flow", String(16)),
    Column("verdict", String(8)),
    Column("reason", String(32)),
    Column("why", Foreign(255)),
    Column("message_id", String(36)),
    Column("conversation_id", ForeignKey("conversations.id"), index=True),
    Column("deadline", Instant),
    Column("machine", JSON(none_as_null=True)),
    Column("story", JSON(none_as_null=True)),
    Column("caller_tail", String(4)),
    Column("needs_since", Instant),
    Column("dealt_with_at", Instant),
    Column("dealt_with_by", String(100)),
    Index("ix_calls_ended_at", "ended_at"),
    Index("ix_calls_started_at", "started_at"),
    Index("ix_calls_practice_started_at", "practice", "started_at"),
    Index("ix_calls_caller_started_at", "caller", "started_at"),
    Index("ix_calls_pbx_verdict", "pbx", "verdict"),
    Index("ix_calls_practice_needs_since", "practice", "needs_since"),
    Index("ix_calls_practice_disposition_started_at", "practice", "disposition", "started_at"),
    Index("ix_calls_practice_queue_started_at", "practice", "queue", "started_at"),
    Index("ix_calls_caller_tail_started_at", "caller_tail", "started_at"),
    Index("ix_calls_message_id", "message_id"),
    # Only calls with a text, which hardly any answered one has; on MariaDB, which has no such indices, all of them.
    # PostgreSQL takes it only if it need not look at the calls themselves, for it thinks that there are many.
    Index(
        "ix_calls_practice_disposition_started_at_message_id",
        "practice", "disposition", "started_at", "message_id",
        sqlite_where=text("message_id IS NOT NULL"), postgresql_where=text("message_id IS NOT NULL"),
        postgresql_include=["id", "conversation_id"],
    ),
)  # fmt: skip

messages = Table(
    "messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("call_id", String(255), unique=True),
    Column("practice", String(100)),
    Column("direction", String(3), nullable=False),
    Column("flow", String(16)),
    Column("to_number", String(32), nullable=False),
    Column("from_number", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("encoding", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", String(255)),
    Column("provider", String(32)),
    Column("provider_id", String(64), unique=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("priority", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("claimed_at", Instant),
    Column("claimed_by", String(64)),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Column("claim", String(36)),
    Column("answer", String(16)),
    Column("author", String(100)),
    Column("media", JSON(none_as_null=True)),
    Index("ix_messages_status_due_at", "status", "due_at"),
    Index("ix_messages_to_number_created_at", "to_number", "created_at"),
    Index("ix_messages_created_at", "created_at"),
    Index("ix_messages_conversation_id_created_at", "conversation_id", "created_at"),
    Index("ix_messages_practice_status_created_at_flow", "practice", "status", "created_at", "flow"),
)

optouts = Table(
    "optouts",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("source", String(32), nullable=False),
)

erased_optouts = Table(
    "erased_optouts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("source", String(32), nullable=False),
    Column("erased_at", Instant, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("at", Instant, nullable=False),
)

staff_reached = Table(
    "staff_reached",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("number", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("pbx", String(64), nullable=False),
    Index("ix_staff_reached_number_at", "number", "at"),
)

links = Table(
    "links",
    metadata,
    Column("pbx", String(64), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

senders = Table(
    "senders",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("beat", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("provider", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("provider_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("payload", JSON, nullable=False),
    UniqueConstraint("provider", "kind", "provider_id", "state"),
    Index("ix_callbacks_received_at", "received_at"),
)

line_types = Table(
    "line_types",
    metadata,
    Column("number", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String(32), nullable=False),
)

polls = Table(
    "polls",
    metadata,
    Column("line", String(32), primary_key=True),
    Column("seen_until", Instant, nullable=False),
)

webhook_tokens = Table(
    "webhook_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("practice", String(100), nullable=False),
    Column("flow", String(16), nullable=False),
    Column("language", String(16)),
    Column("label", Foreign(100)),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)
