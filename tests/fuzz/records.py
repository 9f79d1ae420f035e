"""The PBX's records: a number with line ends, pipes or quotes makes no line, no row and no fact of anybody else."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests import recordings
from tests.data import RECORDS
from tests.fuzz.bites import Bites, packed
from tests.pbx.records.built import T0, call, line, row
from textback.events import Fact
from textback.pbx.records.asterisk import AsteriskRecords
from textback.pbx.records.json_cdr import JsonCdr
from textback.pbx.records.queue_log import QueueLog
from textback.pbx.tampering import LONGEST_NUMBER

_FOLDER = Path(tempfile.mkdtemp(prefix="textback-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
_LOG, _CDR, _LEGS = _FOLDER / "queue_log", _FOLDER / "Master.csv", _FOLDER / "legs"
_LEGS.mkdir()
_MINE, _THEIRS = f"main/{call(1)}", f"main/{call(2)}"
_BEFORE = [line(0, call(2), "ENTERQUEUE", "", "12025550199", 1)]
_AFTER = [line(5, call(1), "ABANDON", 1, 1, 4), line(9, call(2), "ABANDON", 1, 1, 9)]
_USUAL: dict[str, list[Fact]] = {}


def queue_log(data: bytes) -> None:
    """A caller who forges, or a file with anything in it."""
    bites = Bites(data)
    if not bites.number(4):
        _LOG.write_bytes(bites.rest())
        list(QueueLog(str(_LOG)).read())
        _settle(queue_log=str(_LOG))
        return
    number = bites.some(LONGEST_NUMBER)
    entered = line(1, call(1), "ENTERQUEUE", "", "@", 2).encode().replace(b"@", number)
    before, after = ([one.encode() for one in lines] for lines in (_BEFORE, _AFTER))
    _LOG.write_bytes(b"".join(one + b"\n" for one in (*before, entered, *after)))
    _check("queue_log", _settle(queue_log=str(_LOG)), honest=_is_honest(number))


def cdr(data: bytes) -> None:
    """The same for what cdr_csv writes, and for the files of mod_json_cdr."""
    bites = Bites(data)
    kind = bites.number(4)
    if kind == 0:
        _CDR.write_bytes(bites.rest())
        _settle(cdr=str(_CDR))
        return
    if kind == 1:
        (_LEGS / "a.cdr.json").write_bytes(bites.rest())
        list(JsonCdr(str(_LEGS)).read())
        return
    number, name = bites.some(LONGEST_NUMBER), bites.some(200)
    rows = [row(call(2), 0, 9, src="12025550199"), row(call(1), 1, 5, src="@src@", clid="@clid@")]
    rows.append(row(f"{T0}.3", 2, 8, src="12025550198"))
    written = "".join(f"{one}\n" for one in rows).encode()
    escaped = {b"@src@": number.replace(b'"', b'""'), b"@clid@": b'""' + name.replace(b'"', b'""') + b'"" <1>'}
    for mark, value in escaped.items():
        written = written.replace(mark, value)
    _CDR.write_bytes(written)
    _check("cdr", _settle(cdr=str(_CDR)), honest=not set(number + name) & set(b"\r\n"))


def _is_honest(number: bytes) -> bool:
    """Whether it is a number at all; without a CDR nobody else who joined a queue is a caller."""
    return number.isdigit() and len(number) >= 7


def _settle(**sources: str) -> list[Fact]:
    records = AsteriskRecords("main", ["PJSIP/trunk-*"], ["from-trunk"], **sources)
    return records.settle((), T0 - 10.0, T0 + 100.0)


def _check(source: str, facts: list[Fact], honest: bool) -> None:
    """Nothing of anybody else has changed, and nothing is there of anybody who did not call."""
    usual = _USUAL.get(source)
    if usual is None:
        plain = packed(1, b"12025550143") if source == "queue_log" else packed(2, b"12025550143", b"Doe")
        _USUAL[source] = []
        {"queue_log": queue_log, "cdr": cdr}[source](plain)
        usual = _USUAL[source] = _settle(**{source: str(_LOG if source == "queue_log" else _CDR)})
        assert any(fact.call_id == _MINE for fact in usual) and any(fact.call_id == _THEIRS for fact in usual)
    if not usual:
        return  # the usual file itself is being read
    others, before = ([one for one in told if one.call_id != _MINE] for told in (facts, usual))
    # What a forger may have written is dropped, and a true line behind it with it: that loses, and never adds.
    assert others == before or not honest and all(one in before for one in others), f"of others: {others}"
    mine = [type(fact) for fact in facts if fact.call_id == _MINE]
    expected = [type(fact) for fact in usual if fact.call_id == _MINE]
    assert len(mine) <= len(expected) and (mine == expected or not honest), f"of the caller: {mine}"


def queue_log_seeds() -> list[bytes]:
    """Forgeries, and what real PBXes wrote."""
    forged = f"1\n{T0}|{call(2)}|s|N|ABANDON|1|1|9".encode()
    numbers = [forged, b"|" + forged, b"1|2|3", b"\n", b"\r\n\r\n", b"\xff\xfe", b"ABANDON|1|1|1", b"12025550143"]
    numbers.append(f"1\n{T0}|".encode())
    recorded = [(RECORDS / name / "queue_log").read_bytes() for name in ("asterisk16", "asterisk22")]
    made = [packed(0) + text[start : start + 3000] for text in recorded for start in range(0, 20_000, 5000)]
    return [packed(1, number) for number in numbers] + made


def cdr_seeds() -> list[bytes]:
    """Forgeries, and what real PBXes wrote."""
    forged = (row(call(2), 0, 3, src="1")[:150]).encode()
    numbers = [b'1"\n"', b'","', b"\n", b'"', b"12025550143", b"\xff\r\n", forged[:79]]
    made = [packed(2, number, name) for number in numbers for name in (*numbers, forged)]
    recorded = [(RECORDS / name / "Master.csv").read_bytes() for name in ("asterisk16", "asterisk22")]
    made += [packed(0) + text[start : start + 3000] for text in recorded for start in range(0, 12_000, 4000)]
    return [*made, *(packed(1) + text for text in _legs())]


def _legs() -> list[bytes]:
    names = [path.name.removesuffix(".gz") for path in (recordings.STORIES / "freeswitch").glob("**/*cdr*.gz")]
    return [recordings.read_file("freeswitch", name)[:20_000] for name in names[:6]] or [b'{"variables": {}}']


QUEUE_LOG_WORDS = [
    b"\n", b"|", b"\r\n", str(T0).encode(), call(2).encode(), b"ABANDON", b"ENTERQUEUE", b"CONNECT", b"COMPLETECALLER",
    b"support", b"NONE", b"DID", b"EXITWITHKEY", b"QUEUESTART", b"\0",
]  # fmt: skip
CDR_WORDS = [
    b"\n", b'"', b'""', b'","', b",", b"\r\n", call(2).encode(), b"2026-11-21 20:00:00", b"ANSWERED", b"PJSIP/trunk-1",
    b"from-trunk", b"DOCUMENTATION", b'{"variables":{', b'"callflow":[', b'"times":{', b'"caller_profile":{', b"null",
    b"1e999", b'"end_uepoch":"', b"NaN",
]  # fmt: skip
