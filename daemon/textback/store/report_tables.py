"""The tables behind the reports: whole days, counted once they are over, and what has changed in them since."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from textback.store.columns import Foreign, Instant, Numbers
from textback.store.schema import metadata

#: What is kept of each day, line and queue: a figure of ``figures.FIGURES`` each, in this order. Another one comes
#: last, with a migration that makes room for it, since days whose calls were deleted cannot be counted anew.
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

report_months = Table(
    "report_months",
    metadata,
    Column("practice", String(100), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("line", String(32), primary_key=True),
    Column("queue", Foreign(128), primary_key=True),
    Column("counts", Numbers, nullable=False),
    Column("waits", Numbers, nullable=False),
)

report_seals = Table(
    "report_seals",
    metadata,
    Column("practice", String(100), primary_key=True),
    Column("day", String(10), nullable=False),
    Column("at", Instant),
    Column("turns", Integer, nullable=False),
)
