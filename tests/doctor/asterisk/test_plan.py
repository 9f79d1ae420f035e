from __future__ import annotations

import pytest

from textback.doctor.asterisk.plan import Plan, arguments, plan_of, shown, steps_at

from ..house import House


def plan(home: House, text: str) -> Plan:
    home.write("extensions.conf", text)
    conf = home.etc.get("extensions.conf")
    assert conf is not None
    return plan_of(conf)


def test_lines_with_exten_and_same_become_steps_with_labels(home: House) -> None:
    found = plan(home, "[a]\nexten => 1,1(go),Answer()\n same => n(q),Queue(x,t)\nexten = _2X,1,Hangup\n")["a"].steps
    assert [(step.exten, step.label, step.app, step.data) for step in found] == [
        ("1", "go", "Answer", ""), ("1", "q", "Queue", "x,t"), ("_2X", "", "Hangup", ""),
    ]  # fmt: skip
    assert (found[1].written, found[1].where) == (" same => n(q),Queue(x,t)", "extensions.conf, line 3")


def test_sections_that_are_no_contexts_are_none(home: House) -> None:
    assert list(plan(home, "[general]\n[globals]\nX=1\n[t](!)\nexten => 1,1,NoOp()\n[a](t)\n")) == ["a"]


def test_an_extension_is_found_in_what_a_context_includes(home: House) -> None:
    found = plan(home, "[a]\ninclude => b,09:00-17:00\n[b]\ninclude => a\nexten => 5,1,NoOp(x)\n")
    assert [step.data for step in steps_at(found, "a", "5")] == ["x"]
    assert steps_at(found, "a", "6") == [] and steps_at(found, "gone", "5") == []


def test_what_asterisk_shows_of_itself_makes_the_same() -> None:
    rows = [
        {"Event": "ListDialplan", "IncludeContext": "b"},
        {"Extension": "5", "Priority": "1", "Application": "Queue", "AppData": "x,t", "ExtensionLabel": "q"},
    ]
    context = shown("a", rows)
    assert context.includes == ["b"]
    assert [(step.exten, step.label, step.app, step.data, step.entry) for step in context.steps] == [
        ("5", "q", "Queue", "x,t", None)
    ]


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ("a,b,,d", ["a", "b", "", "d"]),
        ("${IF($[1]?a,b:c)},d", ["${IF($[1]?a,b:c)}", "d"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ("", [""]),
    ],
)
def test_arguments_are_cut_at_the_commas_that_part_them(data: str, parts: list[str]) -> None:
    assert arguments(data) == parts
