from __future__ import annotations

from tests.practices import practice

from ..house import House


def test_what_is_rendered_is_there_to_be_quoted(home: House) -> None:
    wanted = home.wanted
    assert wanted.problem is None and wanted.rendered and wanted.way
    assert "[tb]" in wanted.rendered.files["manager-textback.conf"] and wanted.way.hooks == "agi://127.0.0.1:4573"
    assert [queue.name for queue in wanted.offering] == ["support"]


def test_whispers_need_one_right_more(home: House) -> None:
    assert "originate" not in home.wanted.write
    home.practices = (practice(call_to_text__offer="whisper"),)
    assert "originate" in home.wanted.write


def test_what_cannot_be_rendered_is_a_problem_to_be_told(home: House) -> None:
    home.practices = (practice(line=[{"name": "Desk", "number": "+12025550100", "queues": ["a]b"]}]),)
    assert home.wanted.rendered is None and "a]b" in (home.wanted.problem or "")
