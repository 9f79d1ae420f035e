from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, Engine

from textback.model import ContactKind, TileState
from textback.store import practices, tile_list
from textback.store.engine import reading
from textback.store.log import Found
from textback.store.tables import contacts, conversations
from textback.store.tile_list import CONTACTS, NOBODY, PATIENTS, Tiles

NOON = 1_795_262_400.0
TIMES = [NOON + offset for offset in (0.0, 0.000001, 60.0, 86_400.0)]
PRACTICES = ("Clinic", "Ear")


def some_tiles() -> list[dict[str, Any]]:
    """Conversations in all states, many of them of the same moment; some have no tile, some no contact."""
    chance = random.Random(1)
    rows = []
    for serial in range(1, 81):
        row: dict[str, Any] = {"id": serial, "practice": chance.choice(PRACTICES), "number": f"+1202555{serial % 9:04}"}
        row |= {"kind": chance.choice([None, *ContactKind]), "state": chance.choice([None, *TileState, TileState.OPEN])}
        row |= {"assignee": chance.choice([None, "kim", "ann"]), "last_message_at": chance.choice(TIMES)}
        row["unread_since"] = chance.choice([None, None, *TIMES])
        rows.append(row)
    for row in rows:
        sharing = {one["kind"] for one in rows if _whose(one) == _whose(row) and one["kind"]}
        is_patient = row["kind"] == ContactKind.PATIENT or row["kind"] is None and sharing == {ContactKind.PATIENT}
        row["section"] = PATIENTS if is_patient else CONTACTS
    return rows


def _whose(row: dict[str, Any]) -> tuple[str, str]:
    return row["practice"], row["number"]


def put(conn: Connection, rows: list[dict[str, Any]]) -> None:
    for name in PRACTICES:
        practices.put(conn, name, {"line": []}, "test", 0.0)
    for row in rows:
        told = {name: value for name, value in row.items() if name not in ("kind", "section")}
        if row["kind"]:
            person = {"id": row["id"], "practice": row["practice"], "number": row["number"], "kind": row["kind"]}
            conn.execute(contacts.insert(), person | {"verified": True, "created_at": NOON})
            told["contact_id"] = row["id"]
        conn.execute(conversations.insert(), told | {"line": f"line {row['id']}", "created_at": NOON})


def is_wanted(row: dict[str, Any], wanted: Tiles) -> bool:
    found = wanted.found
    checks = [
        wanted.practices is None or row["practice"] in wanted.practices,
        row["state"] == wanted.state,
        wanted.section in (None, row["section"]),
        wanted.assignee is None or (row["assignee"] or NOBODY) == wanted.assignee,
        found is None or row["number"] in found.numbers or bool(found.digits and row["number"].endswith(found.digits)),
    ]
    return all(checks)


wishes = st.builds(
    Tiles,
    practices=st.one_of(st.none(), st.lists(st.sampled_from([*PRACTICES, "Nobody"]), unique=True).map(tuple)),
    state=st.sampled_from(TileState),
    section=st.sampled_from([None, PATIENTS, CONTACTS]),
    assignee=st.sampled_from([None, None, NOBODY, "kim", "nobody's name"]),
    found=st.sampled_from([None, None, Found(), Found(digits="0003"), Found(numbers=("+12025550001", "+12025550002"))]),
)


def is_first(row: dict[str, Any]) -> bool:
    return row["unread_since"] is not None and row["state"] == TileState.OPEN


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=wishes, size=st.sampled_from([3, 100]))
def test_paging_gives_every_tile_once_the_unread_ones_first(engine: Engine, wanted: Tiles, size: int) -> None:
    rows = some_tiles()
    with engine.begin() as conn:
        if not conn.execute(conversations.select().limit(1)).first():
            put(conn, rows)
    theirs = [row for row in rows if is_wanted(row, wanted)]
    unread = sorted((row["unread_since"], row["id"]) for row in theirs if is_first(row))
    read = [(row["last_message_at"], row["id"]) for row in theirs if not is_first(row)]
    with reading(engine) as conn:
        page = tile_list.page(conn, wanted, None, size)
        first = [row["id"] for row in page if is_first(row)]
        found = [row for row in page if not is_first(row)]
        assert [row["id"] for row in page] == first + [row["id"] for row in found]
        while found and (page := tile_list.page(conn, wanted, found[-1]["place"], size)):
            found += page
    assert first == [number for _, number in unread]
    assert [row["id"] for row in found] == [number for _, number in sorted(read, reverse=True)]


def test_the_unread_ones_are_counted_up_to_a_limit(conn: Connection) -> None:
    rows = some_tiles()
    put(conn, rows)
    for of in (None, ("Clinic",), ("Ear", "Clinic"), ()):
        there = sum(is_first(row) and (of is None or row["practice"] in of) for row in rows)
        assert tile_list.unread(conn, of) == there
        assert tile_list.unread(conn, of, most=2) == min(2, there)


def test_where_all_who_share_a_number_are_patients_their_tile_is_one_of_a_patient(conn: Connection) -> None:
    rows: list[dict[str, Any]] = [
        {"id": serial, "practice": "Clinic", "number": "+12025550101", "kind": ContactKind.PATIENT, "state": None}
        for serial in (1, 2)
    ]
    put(conn, [*rows, {"id": 3, "practice": "Clinic", "number": "+12025550101", "kind": None, "state": TileState.OPEN}])
    conn.execute(conversations.update().values(last_message_at=NOON))
    (tile,) = tile_list.page(conn, Tiles(("Clinic",), section=PATIENTS))
    assert (tile["id"], tile["kind"]) == (3, ContactKind.PATIENT)
    conn.execute(contacts.update().where(contacts.c.id == 2).values(kind=ContactKind.REFERRAL))
    assert tile_list.page(conn, Tiles(("Clinic",), section=PATIENTS)) == []
    (tile,) = tile_list.page(conn, Tiles(("Clinic",), section=CONTACTS))
    assert (tile["id"], tile["kind"]) == (3, None)
