"""Rows of cdr_csv and of a table are read as Asterisk and FreePBX write them, in any zone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, text

from tests.data import RECORDS
from tests.servers import Server
from textback.pbx.errors import RecordsError
from textback.pbx.records.cdr import Cdr, CdrRow
from textback.store.engine import open_engine

from .built import CALLER, T0, call, row, wall, write


def read(folder: Path, *rows: str, timezone: str | None = None) -> tuple[list[CdrRow], dict[str, int]]:
    cdr = Cdr(str(write(folder / "Master.csv", *rows)), timezone)
    return list(cdr.read()), dict(cdr.faults)


def cut(whole: str, columns: int) -> str:
    """A row without its last columns: cdr.conf leaves them out."""
    return ",".join(whole.split(",")[:columns])


def test_a_row_is_read_into_its_parts(tmp_path: Path) -> None:
    clid = f'"Doe, ""Jane""" <{CALLER}>'
    whole = row(call(1), 0, 20, answer=2, clid=clid, dstchannel="PJSIP/a-1", linkedid=call(9))
    [found], faults = read(tmp_path, whole)
    assert (found.uniqueid, found.linkedid, found.src, found.dstchannel) == (call(1), call(9), CALLER, "PJSIP/a-1")
    assert (found.start, found.answer, found.end, found.disposition) == (T0, T0 + 2, T0 + 20, "ANSWERED")
    assert found.clid.startswith('"Doe, ')
    assert not faults


@pytest.mark.parametrize("columns", [17, 18, 21])
def test_columns_that_cdr_conf_adds_are_found_by_what_they_hold(tmp_path: Path, columns: int) -> None:
    whole = row(call(1), 0, 20, data="support")
    [found], _ = read(tmp_path, cut(whole, columns))
    assert (found.uniqueid, found.linkedid) == (call(1), call(1) if columns == 21 else "")


def test_without_uniqueids_rows_cannot_be_put_together_and_that_is_told(tmp_path: Path) -> None:
    found, faults = read(tmp_path, cut(row(call(1), 0, 20, data="support"), 16))
    assert not found
    assert [kind for kind in faults if "loguniqueid = yes" in kind]


@pytest.mark.parametrize("hours", [-9.5, -5, 0, 5.75, 13])
def test_another_zone_is_told_by_the_uniqueids(tmp_path: Path, hours: float) -> None:
    times = (0, 500, 9000)
    rows = [row(call(1, at), at, at + 60, answer=at + 5, hours=hours) for at in times]
    assert [(one.start, one.end) for one in read(tmp_path, *rows)[0]] == [(T0 + at, T0 + at + 60) for at in times]


def test_a_zone_may_be_named(tmp_path: Path) -> None:
    [found], _ = read(tmp_path, row("odd-1.5", 0, 60, hours=1), row(call(1), 0, 60, hours=1), timezone="Europe/Paris")
    assert (found.start, found.end) == (T0, T0 + 60)


@pytest.mark.parametrize("end", range(1, 300, 13))
def test_a_torn_row_takes_no_other_with_it(tmp_path: Path, end: int) -> None:
    whole = row(call(1), 0, 20)
    found, faults = read(tmp_path, row(call(2), 0, 9), whole[: min(end, len(whole) - 30)], row(call(3), 0, 30))
    assert [one.uniqueid for one in found] == [call(2), call(3)]
    assert sum(faults.values()) == 1


def test_line_ends_in_a_number_make_no_rows(tmp_path: Path) -> None:
    forged = row("9.9", 0, 20)
    found, _ = read(tmp_path, row(call(1), 0, 20, src=f"1\n{forged}\n1"), row(call(2), 0, 20))
    assert [one.uniqueid for one in found] == [call(1), call(2)]
    assert forged in found[0].src


def test_rows_of_a_call_are_told_together_when_it_hung_up(tmp_path: Path) -> None:
    rows = [row(call(1), 0, 10, app="Dial"), row(call(5), 50, 60, channel="Local/1@x-0;2"), row(call(1), 10, 3600)]
    found, _ = read(tmp_path, *rows, row(call(7), 3590, 3610))
    assert [one.told_at - T0 for one in found] == [3600, 3600, 3600, 3610]


def test_what_a_real_asterisk_wrote_is_read_to_the_last_row() -> None:
    cdr = Cdr(str(RECORDS / "asterisk22/Master.csv"))
    rows = list(cdr.read())
    assert len(rows) > 100 and not cdr.faults
    assert {one.disposition for one in rows} == {"ANSWERED", "NO ANSWER", "BUSY", "FAILED"}


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "Master.csv", *(row(call(1, at), at, at + 60) for at in range(0, 2_000_000, 100)))
    skipped: list[int] = []
    rows = list(Cdr(str(path)).read(T0 + 1_990_000.0, skipped.append))
    assert rows[-1].start == T0 + 1_999_900 and rows[0].start > T0 + 1_850_000
    assert skipped[0] > 0.9 * path.stat().st_size


FREEPBX: dict[str, Any] = {
    "calldate": wall(0, -6), "clid": f'"Doe" <{CALLER}>', "src": CALLER, "dst": "600", "dcontext": "ext-queues",
    "channel": "PJSIP/trunk-1", "dstchannel": "Local/201@from-queue-1;1", "lastapp": "Queue", "lastdata": "600,tR",
    "duration": 62, "billsec": 60, "disposition": "ANSWERED", "uniqueid": call(1), "linkedid": call(1),
    "did": "15551230100", "sequence": 4,
}  # fmt: skip


def test_a_table_is_read_with_the_columns_that_it_has(tmp_path: Path) -> None:
    for number, missing in enumerate(["", "did", "linkedid", "lastdata"]):
        [found] = Cdr(table(tmp_path / f"{number}.db", "cdr", FREEPBX, missing)).read(T0 - 60.0)
        assert (found.start, found.answer, found.end, found.src) == (T0, T0 + 2, T0 + 62, CALLER)
        assert found.did == ("" if missing == "did" else "15551230100")


def test_the_table_may_have_another_name(tmp_path: Path) -> None:
    url = table(tmp_path / "x.db", "calls", FREEPBX, "")
    with pytest.raises(RecordsError, match="there is no table cdr"):
        list(Cdr(url).read())
    assert len(list(Cdr(f"{url}?table=calls").read())) == 1


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_the_database_of_a_freepbx_is_read_by_its_plain_url(mariadb: Server, scheme: str) -> None:
    types = dict.fromkeys(FREEPBX, "varchar(80)") | {"calldate": "datetime", "duration": "int", "billsec": "int"}
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    with mariadb.database() as url:
        engine = open_engine(url)
        with engine.begin() as connection:
            connection.execute(text(f"create table cdr ({columns})"))
            connection.execute(text(f"insert into cdr values ({', '.join(f':{key}' for key in FREEPBX)})"), FREEPBX)
        engine.dispose()
        plain = make_url(url).set(drivername=scheme).render_as_string(hide_password=False)
        [found] = Cdr(plain).read(T0 - 60.0)
    assert (found.start, found.answer, found.end, found.src) == (T0, T0 + 2, T0 + 62, CALLER)


@pytest.mark.parametrize("duration", ["inf", "nan", "long", "-inf"])
def test_a_row_that_lasts_for_no_time_is_passed_over(duration: str) -> None:
    cdr = Cdr("Master.csv")
    assert cdr._read_line(row(call(1), 0, 5).replace(',5,0,', f',"{duration}",0,')) is None
    assert dict(cdr.faults) == {"torn": 1}


def test_times_of_two_kinds_are_passed_over() -> None:
    cdr = Cdr("Master.csv")
    assert cdr._read_line(row(call(1), 0, 5).replace(f'"{wall(5)}"', f'"{wall(5)}+00:00"')) is None
    assert dict(cdr.faults) == {"torn": 1}


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=100))
def test_no_line_breaks_the_reader(content: str) -> None:
    cdr = Cdr("Master.csv")
    for part in (content, f'"{content}"', row(content, 0, 5), row(call(1), 0, 5, src=content)):
        for whole in cdr._whole(part.split("\n")):
            found = cdr._read_line(whole)
            assert found is None or found.end >= found.start


def table(path: Path, name: str, values: dict[str, Any], missing: str) -> str:
    kept = {key: value for key, value in values.items() if key != missing}
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text(f"create table {name} ({', '.join(kept)})"))
        connection.execute(text(f"insert into {name} values ({', '.join(f':{key}' for key in kept)})"), kept)
    engine.dispose()
    return f"sqlite:///{path}"
