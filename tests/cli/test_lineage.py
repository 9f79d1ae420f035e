from __future__ import annotations

from pathlib import Path

import pytest

from textback.cli.lineage import Origin, marker, origin_of
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
