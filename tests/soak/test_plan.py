from __future__ import annotations

from collections import Counter

from tests.soak.plan import DEADLY, PARTS, plan


def test_a_plan_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert plan(10, 1) == plan(10, 1) != plan(10, 2)


def test_every_minute_something_breaks_on_every_part_and_in_time_every_fault_there_is() -> None:
    strikes = plan(120, 1)
    assert Counter((int(one.at // 60), one.part) for one in strikes) == Counter(
        (minute, part) for minute in range(120) for part in PARTS
    )
    assert {(one.part, one.name) for one in strikes} == {(part, name) for part in PARTS for name in PARTS[part]}


def test_in_the_second_half_of_a_long_run_one_daemon_lives_on() -> None:
    assert not any(one.name in DEADLY for one in plan(120, 1) if one.at > 3600)
    assert any(one.name in DEADLY for one in plan(120, 1, daemons=2) if one.at > 3600)


def test_a_short_run_has_one_fault_on_every_part_too() -> None:
    strikes = plan(1.3, 4)
    assert {one.part for one in strikes} == set(PARTS) and max(one.at for one in strikes) < 60
