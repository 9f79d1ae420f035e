"""Files for the tests: configurations, and the records of real PBXes."""

from __future__ import annotations

from pathlib import Path

#: queue_log and Master.csv of an Asterisk 22 and an Asterisk 16, an hour each, with real calls
RECORDS = Path(__file__).parent / "records"
#: a certificate for 127.0.0.1 that nobody trusts but whoever is told to, and its key
TLS = Path(__file__).parent / "tls"
