from __future__ import annotations

from tests.soak.spans import Spans, common, reaching_back


def spans(*every: tuple[float, float]) -> Spans:
    made = Spans()
    for begin, end in every:
        made.add(begin, end)
    return made


def test_a_span_is_open_until_it_is_closed() -> None:
    made = Spans()
    made.open(5.0)
    made.open(7.0)
    assert made.touches(100.0, 101.0) and not made.touches(0.0, 4.0)
    made.close(9.0)
    assert made.all() == [(5.0, 9.0)] and not made.touches(9.5, 101.0)


def test_what_turned_out_to_be_longer_is_widened_and_what_was_none_forgotten() -> None:
    made = Spans()
    made.widen(5.0)
    made.widen(3.0)
    assert made.forget() == 3.0 and made.all() == []


def test_a_mark_near_a_span_is_touched_by_it() -> None:
    made = spans((10.0, 20.0))
    assert made.touches_any([9.0], 1.0, 0.0) and not made.touches_any([8.9, 20.1], 1.0, 0.0)
    assert made.touches_any([20.1], 0.0, 0.5)


def test_only_a_whole_span_covers() -> None:
    made = spans((10.0, 20.0))
    assert made.covers(9.5, 20.5, 0.5) and not made.covers(9.0, 15.0, 0.5)


def test_how_long_it_was_so_between_two_times() -> None:
    spans = Spans()
    spans.add(10.0, 20.0)
    spans.open(30.0)
    assert spans.within(0.0, 5.0) == 0.0
    assert spans.within(15.0, 25.0) == 5.0
    assert spans.within(0.0, 32.0) == 12.0


def test_a_span_reaches_back_to_what_was_so_when_it_began() -> None:
    spans, before = Spans(), Spans()
    for begin in (10.0, 30.0, 50.0):
        spans.add(begin, begin + 5.0)
    before.add(6.0, 11.0)
    before.add(20.0, 28.0)
    before.add(40.0, 44.0)
    assert reaching_back(spans, before, 3.0).all() == [(6.0, 15.0), (20.0, 35.0), (50.0, 55.0)]


def test_nobody_looked_when_none_of_several_did() -> None:
    assert common([spans((1.0, 5.0), (8.0, 9.0)), spans((4.0, 8.5))]).all() == [(4.0, 5.0), (8.0, 8.5)]
    assert common([spans((1.0, 5.0))]).all() == [(1.0, 5.0)]


def test_how_long_it_was_so_is_counted_until_now() -> None:
    made = spans((1.0, 5.0))
    made.open(8.0)
    assert made.seconds(10.0) == 6.0
