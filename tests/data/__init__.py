"""Files for the tests: configurations, and the records of real PBXes."""

from __future__ import annotations

from pathlib import Path

#: queue_log and Master.csv of an Asterisk 22 and an Asterisk 16, an hour each, with real calls
RECORDS = Path(__file__).parent / "records"
