"""What is fuzzed: by name, what takes the bytes, where they begin, and words that mean something there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz import agi, ami, esl, records, sheet, webhook


@dataclass(frozen=True, slots=True)
class Target:
    """``one`` raises where something is wrong, and only then."""

    one: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: list[bytes]


TARGETS = {
    "ami": Target(ami.one, ami.seeds, ami.WORDS),
    "esl": Target(esl.one, esl.seeds, esl.WORDS),
    "agi": Target(agi.one, agi.seeds, agi.WORDS),
    "queue_log": Target(records.queue_log, records.queue_log_seeds, records.QUEUE_LOG_WORDS),
    "cdr": Target(records.cdr, records.cdr_seeds, records.CDR_WORDS),
    "webhook": Target(webhook.one, webhook.seeds, webhook.WORDS),
    "csv": Target(sheet.one, sheet.seeds, sheet.WORDS),
}
