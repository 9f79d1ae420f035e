"""What FusionPBX's database tells: documents of a real mod_xml_cdr, put into JSON and into tables as FusionPBX does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.practices import practice
from textback.backtest import Backtest
from textback.pbx.errors import RecordsError
from textback.pbx.records import Visit
from textback.pbx.records.freeswitch import FreeswitchRecords
from textback.pbx.records.fusionpbx import FusionpbxCdr
from textback.pbx.records.json_document import LARGEST, leg_of, leg_of_xml
from textback.store.engine import open_engine

from .fusionpbx import Fusionpbx

RECORDED = Path(__file__).parents[2] / "data/records/fusionpbx"
NAMES = sorted(path.name.removesuffix(".xml.gz") for path in RECORDED.glob("*.xml.gz"))
TRUNKS = ["sofia/trunk/*"]


def recorded(name: str, kind: str = "xml") -> Any:
    return json.loads(gzip.decompress((RECORDED / f"{name}.{kind}.gz").read_bytes()))


@pytest.mark.parametrize("name", NAMES)
def test_both_modules_tell_the_same_of_one_call(name: str) -> None:
    """Each call was written by mod_json_cdr and by mod_xml_cdr; only what is set several times is told otherwise."""
    one, other = leg_of(recorded(name, "json")), leg_of_xml(recorded(name))
    assert replace(one, variables={}) == replace(other, variables={})
    same = {key: one.variables[key] for key in other.variables}
    assert {key for key in same if same[key] != other.variables[key]} == set()
    assert len(same) > 100


# -- in a database ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=[(True, False), (False, True), (True, True)], ids=["beside", "within", "both"])
def fusionpbx(request: pytest.FixtureRequest, fresh_url: str) -> Iterator[Fusionpbx]:
    """The tables of a newer version, of an older one, and of one that was upgraded."""
    made = Fusionpbx(fresh_url, *request.param)
    yield made
    made.engine.dispose()


def records(of: Fusionpbx) -> FreeswitchRecords:
    return FreeswitchRecords("main", TRUNKS, ["public"], "en", of.url)


def visits(of: FreeswitchRecords, since: float = 0.0) -> list[Visit]:
    return [found for found in of.visits(since) if isinstance(found, Visit)]


def test_the_calls_of_a_database_ended_as_their_people_know(fusionpbx: Fusionpbx) -> None:
    for name in NAMES:
        fusionpbx.add(recorded(name))
    found = visits(records(fusionpbx))
    assert [visit.ended for visit in found] == sorted(visit.ended or 0.0 for visit in found)
    entries = Backtest([practice()]).run(found)
    told = {entry.call.id.partition("/")[2]: entry for entry in entries}
    ended = {name: told[leg_of_xml(recorded(name)).uuid].call for name in NAMES}
    assert {name: str(call.disposition) for name, call in ended.items()} == {
        "abandoned": "abandoned",
        "behind_loopback": "answered",
        "early_media_answered": "answered",
        "early_media_gives_up": "missed",
        "hidden": "abandoned",
        "transferred": "answered",
    }
    assert {name for name, call in ended.items() if call.number is None} == {"hidden"}
    assert (ended["abandoned"].queue, ended["hidden"].queue) == ("loopq@default", "support@default")


def test_only_what_ended_since_is_asked_for(fusionpbx: Fusionpbx) -> None:
    legs = sorted((leg_of_xml(recorded(name)) for name in NAMES), key=lambda leg: leg.ended)
    for name in NAMES:
        fusionpbx.add(recorded(name))
    late = legs[3].ended
    assert [leg.uuid for leg in FusionpbxCdr(fusionpbx.url).read(late)] == [leg.uuid for leg in legs[3:]]
    assert records(fusionpbx).cdr.size() is None


def test_a_row_without_a_document_and_a_torn_one_are_passed_over_and_told_once(
    fusionpbx: Fusionpbx, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong in (None, None, "[]", '"x"', '{"variables": {}}'):
        fusionpbx.add(wrong)
    fusionpbx.add(recorded("abandoned"))
    of = records(fusionpbx)
    assert len(visits(of)) == 1
    assert of.cdr.faults == {"no document": 2, "torn": 3}
    assert len(caplog.messages) == 2
    assert all("v_xml_cdr in" in message for message in caplog.messages)


def test_of_an_upgraded_one_the_older_rows_are_read_as_well(fresh_url: str) -> None:
    upgraded = Fusionpbx(fresh_url, beside=True, within=True)
    upgraded.add(recorded("abandoned"), within=True)
    upgraded.add(recorded("transferred"), within=False)
    assert len(visits(records(upgraded))) == 2
    upgraded.engine.dispose()


def test_another_database_is_told_from_it(fresh_url: str) -> None:
    engine = open_engine(fresh_url)
    with engine.begin() as connection:
        connection.execute(text("create table cdr (uniqueid char(36))"))
    with pytest.raises(RecordsError, match="there is no table v_xml_cdr"):
        visits(FreeswitchRecords("main", TRUNKS, [], "en", fresh_url))
    with engine.begin() as connection:
        connection.execute(text("create table v_xml_cdr (xml_cdr_uuid char(36))"))
    engine.dispose()
    with pytest.raises(RecordsError, match="there is no column end_epoch"):
        visits(FreeswitchRecords("main", TRUNKS, [], "en", fresh_url))


def test_a_url_that_cannot_be_read_is_told_when_the_records_are_wanted_and_ends_no_daemon() -> None:
    of = FreeswitchRecords("main", TRUNKS, [], "en", "://")
    with pytest.raises(RecordsError, match="the URL of a PBX's database cannot be read"):
        visits(of)


def test_a_document_without_end_is_not_read(tmp_path: Path) -> None:
    endless = Fusionpbx(f"sqlite:///{tmp_path / 'fusionpbx.db'}", beside=True, within=False)
    endless.add(json.dumps("x" * LARGEST))
    of = records(endless)
    assert (visits(of), of.cdr.faults) == ([], {"too long": 1})
    endless.engine.dispose()


@given(st.text(), st.text())
def test_no_name_and_no_number_change_anything_else(name: str, number: str) -> None:
    usual, forged = recorded("abandoned"), recorded("abandoned")
    forged["callflow"]["caller_profile"] |= {"ani": number, "caller_id_name": name}
    first, second = leg_of_xml(usual), leg_of_xml(json.loads(json.dumps(forged)))
    assert (first.uuid, first.did, first.steps) == (second.uuid, second.did, second.steps)


@pytest.mark.parametrize("empty", [{}, [], ["+1", "+2"], None])
def test_what_is_empty_or_there_twice_is_no_number(empty: Any) -> None:
    told = recorded("abandoned")
    told["callflow"]["caller_profile"] |= {"ani": empty, "caller_id_number": empty, "caller_id_name": empty}
    leg = leg_of_xml(told)
    assert (leg.number, leg.name) == (None, None)
