from __future__ import annotations

from pathlib import Path

from textback.doctor.asterisk.etc import EXTENSIONS, MANAGER, QUEUES, place, read_etc

from ..house import House


def test_a_persons_lines_belong_into_the_file_itself_but_in_freepbx(home: House) -> None:
    assert [home.etc.place(name) for name in (MANAGER, EXTENSIONS, QUEUES)] == [MANAGER, EXTENSIONS, QUEUES]
    home.write("extensions_additional.conf", "")
    assert [place(home.etc, name) for name in (MANAGER, EXTENSIONS, QUEUES)] == [
        "manager_custom.conf", "extensions_custom.conf", "queues_post_custom.conf",
    ]  # fmt: skip
    assert place(None, QUEUES) == QUEUES


def test_files_that_are_missing_or_cannot_be_read_end_nothing(tmp_path: Path) -> None:
    (tmp_path / MANAGER).mkdir()
    etc = read_etc(tmp_path)
    assert etc.get(QUEUES) is None and etc.get(MANAGER) is None
    assert etc.unread == {MANAGER: "is a directory"}
