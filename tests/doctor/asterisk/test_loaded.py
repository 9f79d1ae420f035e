from __future__ import annotations

from textback.doctor.asterisk.loaded import RELOAD, examine_loaded
from textback.doctor.asterisk.plan import Context, Plan, Step


def plan(**contexts: str) -> Plan:
    """Contexts of one step each, with its data."""
    return {name.replace("_", "-"): Context([Step(name, "s", "", "NoOp", data)]) for name, data in contexts.items()}


def test_what_runs_as_it_stands_is_nothing_to_speak_of() -> None:
    assert (
        list(examine_loaded("main", plan(textback_keys="1", house="2", more="3"), plan(textback_keys="1", house="2")))
        == []
    )


def test_ours_that_runs_otherwise_was_not_reloaded() -> None:
    (finding,) = examine_loaded("main", plan(textback_keys="1"), plan(textback_keys="2"))
    assert (finding.status, finding.lines, finding.file) == ("failed", (RELOAD,), "shell")


def test_ours_that_does_not_run_at_all_was_not_either() -> None:
    (finding,) = examine_loaded("main", plan(textback_keys="1"), plan(house="2"))
    assert finding.status == "failed" and "[textback-keys]" in finding.message


def test_a_context_of_the_houses_own_may_have_its_reasons() -> None:
    (finding,) = examine_loaded("main", plan(house="1"), plan(house="2"))
    assert finding.status == "warning"
