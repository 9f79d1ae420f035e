"""The tables about staff, as SQLAlchemy Core sees them: who they are, their sessions, what they read and wrote."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from textback.store.columns import Foreign, Instant
from textback.store.schema import metadata

_Running = BigInteger().with_variant(Integer, "sqlite")

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("full_name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("password_at", Instant, nullable=False),
    Column("shortcuts", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("removed_at", Instant),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("practice", ForeignKey("practices.name"), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("address", Foreign(64)),
    Column("agent", Foreign(255)),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", _Running, primary_key=True),
    Column("name", Foreign(100), nullable=False),
    Column("address", Foreign(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Index("ix_sign_in_failures_name_at", "name", "at"),
    Index("ix_sign_in_failures_address_at", "address", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Running, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", String(100), nullable=False),
    Column("action", String(32), nullable=False),
    Column("practice", String(100)),
    Column("conversation_id", Integer),
    Column("call_id", String(255), index=True),
    Column("detail", Foreign(255)),
    Index("ix_audit_who_at", "who", "at"),
    Index("ix_audit_conversation_id_at", "conversation_id", "at"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("author", String(100), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_notes_conversation_id_at", "conversation_id", "at"),
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(128), nullable=False),
)
