"""The tables by which several daemons on one database share the work; ``sql/README.md`` explains every column."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from textback.store.columns import Instant
from textback.store.schema import metadata

leases = Table(
    "leases",
    metadata,
    Column("pbx", String(64), primary_key=True),
    Column("holder", String(64)),
    Column("term", Integer, nullable=False),
    Column("beat", BigInteger, nullable=False),
)

standbys = Table(
    "standbys",
    metadata,
    Column("pbx", String(64), primary_key=True),
    Column("daemon", String(64), primary_key=True),
    Column("is_up", Boolean, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

errands = Table(
    "errands",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("pbx", String(64), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("taken_at", Instant),
    Column("answered_at", Instant),
    Column("answer", JSON(none_as_null=True)),
    Index("ix_errands_pbx_answered_at", "pbx", "answered_at"),
    Index("ix_errands_asked_at", "asked_at"),
)

paces = Table(
    "paces",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("segments", BigInteger, nullable=False),
)

series = Table("series", metadata, Column("oldest", String(32), primary_key=True))
