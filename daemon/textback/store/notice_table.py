"""The table of what staff are to be told of, as SQLAlchemy Core sees it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from textback.store.columns import Foreign, Instant
from textback.store.schema import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("address", String(254), nullable=False),
    Column("practice", String(100), nullable=False),
    Column("status", String(8), nullable=False),
    Column("reason", Foreign(255)),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("conversation_id", "channel", "address"),
    Index("ix_notices_status_channel_due_at", "status", "channel", "due_at"),
)
