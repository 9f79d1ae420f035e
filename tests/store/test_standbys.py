"""Who stands by: places in the order of coming, kept while nothing is missed."""

from __future__ import annotations

from sqlalchemy import Connection

from textback.store import standbys
from textback.store.standbys import FORGOTTEN, Standby

ONE, TWO = Standby("main", "one", True, 0, 1), Standby("main", "two", True, 0, 1)


def test_who_comes_later_has_a_higher_place_and_keeps_it(conn: Connection) -> None:
    assert (standbys.stand_by(conn, ONE, 10.0), standbys.stand_by(conn, TWO, 11.0)) == (1, 2)
    assert standbys.stand_by(conn, ONE._replace(place=1, beat=2), 12.0) == 1
    assert standbys.look(conn, ["main"]) == [Standby("main", "one", True, 1, 2), Standby("main", "two", True, 2, 1)]
    assert standbys.look(conn, ["branch"]) == []


def test_who_has_missed_something_comes_last(conn: Connection) -> None:
    standbys.stand_by(conn, ONE, 10.0)
    standbys.stand_by(conn, TWO, 10.0)
    assert standbys.stand_by(conn, ONE, 12.0) == 3


def test_who_leaves_is_gone_and_so_is_who_was_not_heard_of_for_a_day(conn: Connection) -> None:
    for told in (ONE, ONE._replace(pbx="branch"), TWO):
        standbys.stand_by(conn, told, 10.0)
    standbys.leave(conn, "one", ["main"], 11.0)
    assert [(one.pbx, one.daemon) for one in standbys.look(conn, ["main", "branch"])] == [
        ("branch", "one"), ("main", "two"),
    ]  # fmt: skip
    standbys.leave(conn, "three", ["main"], 10.0 + FORGOTTEN + 1)
    assert standbys.look(conn, ["main", "branch"]) == []
