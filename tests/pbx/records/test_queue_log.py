"""Lines of queue_log are read as app_queue writes them, and survived as a disk, a caller or an editor leaves them."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from tests.data import RECORDS
from textback.pbx.errors import RecordsError
from textback.pbx.records.queue_log import SILENT, TELLING, QueueLine, QueueLog, stamp

from .built import CALLER, T0, call, line, write


def read(path: Path, *lines: str) -> tuple[list[QueueLine], dict[str, int]]:
    log = QueueLog(str(write(path / "queue_log", *lines)))
    return list(log.read()), dict(log.faults)


def verbs(path: Path, *lines: str) -> list[str]:
    return [found.verb for found in read(path, *lines)[0]]


def test_a_line_is_read_into_its_parts(tmp_path: Path) -> None:
    [found], faults = read(tmp_path, line(5, call(1), "CONNECT", 5, call(2), 3, agent="Agent One"))
    assert found == QueueLine(T0 + 5.0, call(1), "support", "Agent One", "CONNECT", ("5", call(2), "3"))
    assert not faults


def test_what_tells_of_agents_is_passed_over_in_silence(tmp_path: Path) -> None:
    lines = [line(1, "NONE", "PAUSE", "lunch"), line(2, call(1), "RINGNOANSWER", 8000), line(3, "NONE", "ADDMEMBER")]
    assert read(tmp_path, *lines) == ([], {})


def test_pipes_in_the_name_of_an_agent_or_a_queue_do_no_harm(tmp_path: Path) -> None:
    found, faults = read(
        tmp_path,
        line(1, call(1), "CONNECT", 5, call(2), 3, agent="One | Two"),
        line(2, call(1), "ABANDON", 1, 1, 9, queue="a|b"),
    )
    assert [(one.agent, one.verb, one.data[0]) for one in found] == [
        ("One | Two", "CONNECT", "5"),
        ("b|NONE", "ABANDON", "1"),
    ]
    assert not faults


def read_since(path: Path, seconds: float, *lines: str) -> list[QueueLine]:
    return list(QueueLog(str(write(path / "queue_log", *lines))).read(T0 + seconds))


def test_of_the_hours_before_hardly_a_line_is_looked_at(tmp_path: Path) -> None:
    before = [line(number, call(number), "ABANDON", 1, 1, 9) for number in range(5000)]
    found = read_since(tmp_path, 5000, *before, line(5001, call(2), "ABANDON", 1, 1, 9))
    assert len(found) < 20 and found[-1].call == call(2)


def test_a_number_that_came_before_forges_nothing_of_later(tmp_path: Path) -> None:
    before = [line(number, call(number), "ABANDON", 1, 1, 9) for number in range(100)]
    joined = line(100, call(1), "ENTERQUEUE", "", f"{CALLER}|1\n{line(900, call(2), 'ABANDON', 1, 1, 9)}", 1)
    *_, forged, last = read_since(tmp_path, 500, *before, joined, line(901, call(3), "ABANDON", 1, 1, 9))
    assert (forged.call, bool(forged.doubt), last.call, last.doubt) == (call(2), True, call(3), 0)


@pytest.mark.parametrize("end", range(1, 60))
def test_a_line_torn_anywhere_is_passed_over_or_whole(end: int, tmp_path: Path) -> None:
    whole = line(1, call(1), "ABANDON", 1, 1, 30)
    found, faults = read(tmp_path, whole[:end], line(2, call(2), "ABANDON", 1, 1, 5))
    assert found[-1].call == call(2)
    assert len(found) == 2 or sum(faults.values()) == 1


def test_each_kind_of_fault_is_told_once_and_never_shows_the_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _, faults = read(tmp_path, *["junk 12025550143"] * 3, *[line(1, call(1), "DANCED", CALLER)] * 2)
    assert faults == {"torn": 3, "unknown verb": 2}
    assert len(caplog.records) == 2 and CALLER not in caplog.text


def test_a_number_with_line_ends_forges_nothing(tmp_path: Path) -> None:
    forged = f"{T0}|9.9|s|N|ENTERQUEUE||{CALLER}|1\n{T0}|9.9|s|N|ABANDON|1|1|9"
    found, faults = read(
        tmp_path,
        line(1, call(1), "ENTERQUEUE", "", f"1\n{forged}", 1),
        line(4, call(1), "ABANDON", 1, 1, 3),
    )
    assert [(one.call, one.verb) for one in found] == [(call(1), "ENTERQUEUE"), (call(1), "ABANDON")]
    assert "\n" in found[0].data[1]
    assert faults == {"forged": 2}


def test_what_a_real_asterisk_wrote_of_a_forged_number_makes_no_call() -> None:
    log = QueueLog(str(RECORDS / "asterisk22/queue_log"))
    calls = {found.call for found in log.read()}
    assert log.faults["forged"] > 0
    assert not calls & {"1.1", "9.9"}


def test_every_verb_that_a_real_asterisk_wrote_is_known() -> None:
    log = QueueLog(str(RECORDS / "asterisk22/queue_log"))
    assert len(list(log.read())) > 150
    assert set(log.faults) == {"forged"}
    assert not SILENT & TELLING.keys()


@pytest.mark.parametrize("data1", [True, False])
@pytest.mark.parametrize("kind", ["local", "epoch"])
def test_a_table_is_read_like_the_file(tmp_path: Path, data1: bool, kind: str) -> None:
    lines = [
        line(0, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(30, call(1), "CONNECT", 30, call(2), 4, agent="Agent One"),
        line(60, call(1), "COMPLETEAGENT", 30, 30, 1, agent="Agent One"),
    ]
    url = table(tmp_path / "records.db", lines, data1, kind)
    log = QueueLog(url)
    expected, _ = read(tmp_path, *lines)
    assert [*log.read(T0 - 100.0)] == expected and not log.faults
    assert log.size() is None


def test_a_table_is_asked_only_for_what_may_be_late_enough(tmp_path: Path) -> None:
    lines = [line(at, call(at, at), "ENTERQUEUE", "", CALLER, 1) for at in range(0, 200_000, 1000)]
    found = list(QueueLog(table(tmp_path / "records.db", lines, True, "local")).read(T0 + 150_000.0))
    assert found[-1].at == T0 + 199_000
    assert T0 + 80_000 < found[0].at < T0 + 150_000


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///{}/nothing.db", "there is no such file"),
        ("sqlite:///{}/no/folder/x.db", "there is no such file"),
        ("postgresql+nodriver://me:hush@pbx/asterisk", "queue_log in asterisk on pbx: unknown kind of database"),
        ("://", "the URL of a PBX's database cannot be read"),
    ],
)
def test_a_database_that_cannot_be_read_is_told_without_its_password(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(RecordsError) as told:
        list(QueueLog(url.format(tmp_path)).read())
    assert message in str(told.value) and "hush" not in str(told.value)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=200))
def test_no_line_breaks_the_reader(content: str) -> None:
    log = QueueLog("queue_log")
    joined = f"{T0}|{call(1)}|q|NONE|ENTERQUEUE|{content}"
    for part in (content, f"{T0}|{content}", joined, line(0, content, "ABANDON")):
        found = log._read_line(part)
        assert found is None or found.verb in TELLING
        assert stamp(part) is None or stamp(part) == float(part.partition("|")[0])


def table(path: Path, lines: list[str], data1: bool, kind: str) -> str:
    """The lines in a table as res_config writes it, in the zone of New York."""
    columns = "data1, data2, data3, data4, data5" if data1 else "data"
    columns = f"id integer, time, callid, queuename, agent, event, {columns}"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text(f"create table queue_log ({columns})"))
        for number, one in enumerate(lines):
            at, uniqueid, queue, agent, verb, *data = one.split("|")
            values = [*data, "", "", "", ""][:5] if data1 else ["|".join(data)]
            row = [number, at if kind == "epoch" else local(float(at)), uniqueid, queue, agent, verb, *values]
            names = [f"v{number}" for number in range(len(row))]
            sql = f"insert into queue_log values ({', '.join(f':{name}' for name in names)})"
            connection.execute(text(sql), dict(zip(names, row, strict=True)))
    engine.dispose()
    return f"sqlite:///{path}"


def local(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo('America/New_York')):%Y-%m-%d %H:%M:%S.%f}"
