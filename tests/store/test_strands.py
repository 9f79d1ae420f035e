from __future__ import annotations

from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, select

from textback.store.strands import Place, Span, Strand, newest
from textback.store.tables import conversations

#: moments that a database must tell apart, and one that several rows share
TIMES = (0.0, 1_795_262_400.0, 1_795_262_400.000001, 1_795_262_400.5)


def put(conn: Connection, times: list[float]) -> None:
    conn.execute(conversations.delete())
    rows = [
        {"id": serial, "practice": "Clinic", "line": f"line {serial % 3}", "number": str(serial), "created_at": at}
        for serial, at in enumerate(times, 1)
    ]
    if rows:
        conn.execute(conversations.insert(), rows)


def strand(*lines: int) -> Strand:
    key, of = conversations.c.created_at, [f"line {line}" for line in lines]
    query = select(conversations.c.id.label("id"), key.label("key")).where(conversations.c.line.in_(of))
    return Strand(query, key, conversations.c.id)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.sampled_from(TIMES), max_size=30), size=st.integers(1, 9))
def test_several_strands_are_read_as_one_whatever_the_size_of_a_page(
    conn: Connection, times: list[float], size: int
) -> None:
    put(conn, times)
    every = sorted((Place(at, serial) for serial, at in enumerate(times, 1)), reverse=True)
    for strands in ([strand(0, 1, 2)], [strand(0), strand(1), strand(2)], [strand(0, 2), strand(1)]):
        found: list[Place] = []
        while page := newest(conn, strands, found[-1] if found else None, size):
            found += page
        assert found == every


def test_of_no_strand_there_is_nothing(conn: Connection) -> None:
    assert newest(conn, [], None, 5) == []


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last(conn: Connection) -> None:
    put(conn, [0.0, 1.0, 2.0])

    def held(span: Span) -> list[float]:
        query = select(conversations.c.created_at).where(*span.holds(conversations.c.created_at))
        return sorted(conn.execute(query).scalars())

    assert held(Span()) == [0.0, 1.0, 2.0]
    assert held(Span(1.0)) == [1.0, 2.0]
    assert held(Span(None, 1.0)) == [0.0]
    assert held(Span(1.0, 2.0)) == [1.0]
