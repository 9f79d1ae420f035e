"""The tables behind the reports: whole days, counted once they are over, and what has changed in them since."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

from textback.store.columns import Foreign, Instant
from textback.store.schema import metadata

#: What is kept of each day, line and queue; a figure of ``figures.FIGURES`` each, in this order.
COUNTED = (
    "calls", "answered", "abandoned", "abandoned_short", "missed", "offers", "texted", "delivered", "replied",
    "lost_callers", "recovered", "trial_texted", "trial_texted_back", "trial_held_out", "trial_held_out_back",
)  # fmt: skip

report_changes = Table(
    "report_changes",
    metadata,
    Column("practice", String(100), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("changes", Integer, nullable=False),
)

report_days = Table(
    "report_days",
    metadata,
    Column("practice", String(100), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("rules", String(32), nullable=False),
    Column("changes", Integer, nullable=False),
    Column("counted_at", Instant, nullable=False),
)

report_counts = Table(
    "report_counts",
    metadata,
    Column("practice", String(100), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("line", String(32), primary_key=True),
    Column("queue", Foreign(128), primary_key=True),
    *(Column(name, Integer, nullable=False) for name in COUNTED),
    Column("reply_seconds", Text, nullable=False),
)
