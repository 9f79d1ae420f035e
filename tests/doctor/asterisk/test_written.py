from __future__ import annotations

from pathlib import Path

import pytest

from tests.data import RECORDS as EVERY
from tests.pbx.records.built import call, row, write
from textback.doctor.asterisk.written import examine_records
from textback.doctor.finding import Finding, Status

from ..house import House, failures, statuses

RECORDS = EVERY / "asterisk22"


def name(home: House, queue_log: object, cdr: object) -> None:
    home.change("textback.toml", 'trunks = ["', f'queue_log = "{queue_log}"\ncdr = "{cdr}"\ntrunks = ["')


def examine(home: House) -> list[Finding]:
    return list(examine_records(home.config.pbx[0], home.etc, lambda: 1795293900.0))


def test_records_that_can_be_read_are_right(home: House) -> None:
    name(home, RECORDS / "queue_log", RECORDS / "Master.csv")
    home.write("cdr.conf", "[csv]\nloguniqueid = yes\n")
    assert statuses(examine(home)) == {"main/queue_log": "ok", "main/cdr": "ok"}


def test_without_them_a_warning_tells_what_is_lost(home: House) -> None:
    assert statuses(examine(home)) == {"main/queue_log": "warning", "main/cdr": "warning"}
    assert examine(home)[0].lines == ('queue_log = "/var/log/asterisk/queue_log"',)


def test_records_that_are_not_there_fail(home: House, tmp_path: Path) -> None:
    name(home, tmp_path / "gone", tmp_path / "gone.csv")
    assert [finding.check for finding in failures(examine(home))] == ["main/queue_log", "main/cdr"]


def test_a_url_with_a_password_is_never_shown(home: House) -> None:
    name(home, "sqlite:////nowhere/at/all.db", "postgresql://u:hush@127.0.0.1:1/asterisk")
    found = failures(examine(home))
    assert len(found) == 2 and "hush" not in repr(found)


@pytest.mark.parametrize("text", ["[csv]\nloguniqueid = no\n", "[csv]\n", "[general]\nenable = yes\n"])
def test_rows_without_uniqueids_cannot_be_told_apart(home: House, text: str) -> None:
    name(home, RECORDS / "queue_log", RECORDS / "Master.csv")
    home.write("cdr.conf", text)
    (finding,) = failures(examine(home))
    assert finding.lines == ("[csv](+)" if "[csv]" in text else "[csv]", "loguniqueid = yes")


def test_without_cdr_conf_the_newest_row_tells(home: House, tmp_path: Path) -> None:
    rows = (RECORDS / "Master.csv").read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(row.partition(',"DOCUMENTATION"')[0] + ',"DOCUMENTATION"' for row in rows) + "\n")
    name(home, RECORDS / "queue_log", short)
    assert ["loguniqueid" in finding.message for finding in failures(examine(home))] == [True]
    home.change("textback.toml", str(short), str(RECORDS / "Master.csv"))
    assert failures(examine(home)) == []


def test_a_queue_log_that_is_switched_off_stays_empty(home: House) -> None:
    name(home, RECORDS / "queue_log", RECORDS / "Master.csv")
    home.write("logger.conf", "[general]\nqueue_log = no\n")
    assert [finding.lines for finding in examine(home) if finding.status is Status.FAILED] == [
        ("[general](+)", "queue_log = yes")
    ]


@pytest.mark.parametrize("trusted", ["yes", "no"])
def test_a_cdr_that_has_hidden_numbers_in_clear_is_told(home: House, tmp_path: Path, trusted: str) -> None:
    home.write("pjsip.conf", f"[trunk]\ntype = endpoint\ntrust_id_inbound = {trusted}\n")
    home.write("cdr.conf", "[csv]\nloguniqueid = yes\n")
    name(home, RECORDS / "queue_log", RECORDS / "Master.csv")
    warned = [finding for finding in examine(home) if finding.status is Status.WARNING]
    assert ["hides the number" in finding.message for finding in warned] == [True] * (trusted == "yes")
    if warned:
        assert warned[0].lines[0] == "same => n,Set(CDR(userfield)=${CALLERID(pres)})"
    told = write(tmp_path / "told.csv", row(call(1, 2600), 2600, 2620, userfield="allowed"))
    home.change("textback.toml", str(RECORDS / "Master.csv"), str(told))
    assert [finding for finding in examine(home) if finding.status is Status.WARNING] == []
