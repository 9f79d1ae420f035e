"""Who writes for which PBX: one at a time, whoever was faster, and nobody who has lost it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from textback.store import leases
from textback.store.engine import reading
from textback.store.leases import Lease

FREE = Lease("main", None, 0, 0)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with engine.begin() as conn:
        leases.ensure(conn, ["main", "branch"])
    return engine


def seen(engine: Engine, pbx: str = "main") -> Lease:
    with reading(engine) as conn:
        return leases.look(conn, [pbx])[pbx]


def take(engine: Engine, lease: Lease, name: str) -> int | None:
    with engine.begin() as conn:
        return leases.take(conn, lease, name)


def keep(engine: Engine, name: str, **terms: int) -> set[str]:
    with engine.begin() as conn:
        return leases.keep(conn, name, terms)


def test_a_lease_is_nobodys_until_somebody_takes_it_and_is_made_once(engine: Engine) -> None:
    assert seen(engine) == FREE
    assert take(engine, FREE, "a") == 1
    with engine.begin() as conn:
        leases.ensure(conn, ["main"])
    assert seen(engine) == Lease("main", "a", 1, 1)


def test_only_who_saw_it_as_it_is_takes_it(engine: Engine) -> None:
    assert (take(engine, FREE, "a"), take(engine, FREE, "b")) == (1, None)
    was = seen(engine)
    assert keep(engine, "a", main=1) == {"main"}
    assert take(engine, was, "b") is None
    assert take(engine, seen(engine), "b") == 2


def test_who_took_it_and_did_not_hear_so_has_it(engine: Engine) -> None:
    assert (take(engine, FREE, "a"), take(engine, FREE, "a")) == (1, 1)
    assert seen(engine).term == 1


def test_each_transaction_moves_the_beat_and_says_which_are_lost(engine: Engine) -> None:
    for pbx in ("main", "branch"):
        take(engine, Lease(pbx, None, 0, 0), "a")
    assert keep(engine, "a", main=1, branch=1) == {"main", "branch"}
    assert (seen(engine).beat, seen(engine, "branch").beat) == (2, 2)
    take(engine, seen(engine), "b")
    assert keep(engine, "a", main=1, branch=1) == {"branch"}
    assert keep(engine, "b", main=2) == {"main"}
    assert keep(engine, "a") == set()


def test_many_are_kept_at_once_and_one_that_is_lost_is_the_only_one(engine: Engine) -> None:
    terms = {f"site{number:03d}": 1 for number in range(150)}
    with engine.begin() as conn:
        leases.ensure(conn, terms)
        for pbx in terms:
            leases.take(conn, Lease(pbx, None, 0, 0), "a")
    assert keep(engine, "a", **terms) == set(terms)
    take(engine, seen(engine, "site077"), "b")
    assert keep(engine, "a", **terms) == set(terms) - {"site077"}
    assert {seen(engine, pbx).beat for pbx in ("site000", "site076", "site149")} == {3}
    with engine.begin() as conn:
        leases.give_back(conn, "a", terms)
        held = {pbx for pbx, lease in leases.look(conn, terms).items() if lease.holder}
    assert held == {"site077"}


def test_an_earlier_term_of_the_same_daemon_holds_nothing(engine: Engine) -> None:
    take(engine, FREE, "a")
    take(engine, seen(engine), "b")
    take(engine, seen(engine), "a")
    assert keep(engine, "a", main=1) == set()
    assert keep(engine, "a", main=3) == {"main"}


def test_what_is_given_back_is_anybodys_and_nobody_gives_back_what_is_not_theirs(engine: Engine) -> None:
    take(engine, FREE, "a")
    with engine.begin() as conn:
        leases.give_back(conn, "b", {"main": 1})
        leases.give_back(conn, "a", {})
    assert seen(engine).holder == "a"
    with engine.begin() as conn:
        leases.give_back(conn, "a", {"main": 1})
    assert (seen(engine).holder, seen(engine).term) == (None, 1)
    assert take(engine, seen(engine), "b") == 2


def test_who_writes_keeps_the_lease_until_the_transaction_ends(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets only one program write at all")
    take(engine, FREE, "a")
    was = seen(engine)
    with engine.begin() as conn:
        assert leases.keep(conn, "a", {"main": 1}) == {"main"}
        assert take(engine, was, "b") is None  # and does not wait for it either
    assert take(engine, seen(engine), "b") == 2


def test_of_many_who_try_at_once_one_has_it(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("the tests' SQLite waits for nobody")
    got: list[int | None] = []
    start = threading.Barrier(6)

    def rush(name: str) -> None:
        start.wait()
        got.append(take(engine, FREE, name))

    crowd = [threading.Thread(target=rush, args=(f"daemon {number}",)) for number in range(6)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sorted(got, key=str) == [1] + [None] * 5
