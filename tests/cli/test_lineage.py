from __future__ import annotations

from pathlib import Path

import pytest

from textback.cli.lineage import Origin, marker, origin_of, page_version, signature
from textback.store.practices import PracticeRow


def row(by: str, name: str = "Grove", version: int = 7) -> PracticeRow:
    return PracticeRow(name, {}, version, 0.0, by)


@pytest.mark.parametrize("name", ["Grove", 'The "Grove"', "Zoë, version 3", "\\"])
def test_the_first_line_of_an_export_tells_its_origin(name: str, tmp_path: Path) -> None:
    file = tmp_path / "export.toml"
    file.write_text(f"{marker(row('ann', name))}\n\n[practice]\n", "utf-8")
    assert origin_of(file) == Origin(name, 7)


@pytest.mark.parametrize("line", ["", "# textback practice Grove, version 7", "[practice]", "\x00\xff"])
def test_any_other_file_has_none(line: str, tmp_path: Path) -> None:
    file = tmp_path / "practice.toml"
    file.write_text(line, "utf-8")
    assert origin_of(file) is None


def test_what_the_page_changed_is_remembered_through_every_apply() -> None:
    assert page_version(row("ann")) == 7
    assert page_version(row(signature("root", 0))) == 0
    assert page_version(row(signature("root", 4))) == 4
    assert page_version(row(signature("x" * 300, 4))) == 4
    assert len(signature("x" * 300, 123_456_789)) <= 100
