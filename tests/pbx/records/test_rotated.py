"""The files of a record are found in order, and read from the right place on."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Sequence
from pathlib import Path

import pytest

from textback.pbx.records import rotated
from textback.pbx.errors import RecordsError
from textback.pbx.records.queue_log import stamp

from .built import T0, write


def numbered(start: int, stop: int) -> Sequence[str]:
    return [f"{T0 + at}|NONE|q|NONE|PAUSE|{at}" for at in range(start, stop)]


def read(path: Path, since: float = 0.0) -> list[str]:
    return [line for file in rotated.siblings(path, since, stamp) for line in rotated.lines(file, since, stamp)]


def test_rotated_files_come_in_the_order_of_what_they_tell(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log", *numbered(30, 40))
    write(tmp_path / "queue_log.1", *numbered(20, 30))
    write(tmp_path / "queue_log-20261120.gz", *numbered(10, 20))
    write(tmp_path / "queue_log.10.gz", *numbered(0, 10))
    assert read(path) == numbered(0, 40)


def test_a_file_that_is_just_being_compressed_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log", *numbered(10, 20))
    write(tmp_path / "queue_log.1", *numbered(0, 10))
    write(tmp_path / "queue_log.1.gz", *numbered(0, 2))
    assert read(path) == numbered(0, 20)


@pytest.mark.parametrize(("suffix", "pack"), [(".bz2", bz2.compress), (".xz", lzma.compress)])
def test_other_compressions_are_read_as_well(tmp_path: Path, suffix: str, pack: object) -> None:
    text = "".join(f"{line}\n" for line in numbered(0, 5)).encode()
    (tmp_path / f"queue_log.1{suffix}").write_bytes(pack(text))  # type: ignore[operator]
    assert read(tmp_path / "queue_log") == numbered(0, 5)


def test_neighbours_with_other_names_are_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log", *numbered(0, 5))
    for name in ("queue_log.bak", "queue_log_old", "queue_logs", "queue_log.1.tmp"):
        write(tmp_path / name, *numbered(100, 105))
    (tmp_path / "queue_log.2").mkdir()
    assert read(path) == numbered(0, 5)


def test_a_file_named_by_its_rotated_name_stands_alone(tmp_path: Path) -> None:
    write(tmp_path / "queue_log", *numbered(10, 20))
    assert read(write(tmp_path / "queue_log.1.gz", *numbered(0, 10))) == numbered(0, 10)


def test_files_that_end_long_before_are_not_opened_again(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log", *numbered(100_000, 100_005))
    write(tmp_path / "queue_log.1", *numbered(50_000, 50_005))
    write(tmp_path / "queue_log.2", *numbered(0, 5))
    found = rotated.siblings(path, T0 + 99_000, stamp)
    assert [file.name for file in found] == ["queue_log.1", "queue_log"]


def test_an_empty_file_tells_nothing_and_a_missing_one_is_told(tmp_path: Path) -> None:
    assert read(write(tmp_path / "queue_log")) == []
    with pytest.raises(RecordsError, match="Master.csv: there is no such file"):
        read(tmp_path / "Master.csv")


def test_an_archive_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log.1.gz", *numbered(0, 5000))
    path.write_bytes(path.read_bytes()[:-2000])
    found = read(tmp_path / "queue_log")
    assert found[:100] == numbered(0, 100) and len(found) < 5000


def test_a_large_file_is_read_from_the_right_place_and_hardly_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    padding = "x" * 1000
    with open(path, "w") as file:
        file.writelines(f"{T0 + at}|NONE|q|NONE|PAUSE|{padding}\n" for at in range(0, 500_000, 10))
    assert path.stat().st_size > 50_000_000
    read_bytes: list[int] = []
    [file_path] = rotated.siblings(path, T0 + 490_000, stamp)
    lines = list(rotated.lines(file_path, T0 + 490_000, stamp, read_bytes.append))
    skipped, *rest = read_bytes
    assert stamp(lines[-1]) == T0 + 499_990
    assert T0 + 480_000 < (stamp(lines[0]) or 0) <= T0 + 490_000 - rotated.DISORDER
    assert skipped + sum(rest) == path.stat().st_size and skipped > 47_000_000


def test_a_file_with_a_hole_of_5_gb_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "queue_log", *numbered(0, 100))
    with open(path, "r+b") as file:
        file.seek(5 << 30)
        file.write("\n".join(["", *numbered(1_000_000, 1_200_000), ""]).encode())
    lines = list(rotated.lines(path, T0 + 1_150_000, stamp))
    assert lines[-1] == numbered(1_199_999, 1_200_000)[0]
    assert T0 + 1_100_000 < (stamp(lines[0]) or 0) <= T0 + 1_150_000 - rotated.DISORDER


def test_bytes_that_are_no_text_and_lines_without_end_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    first, last = numbered(0, 1)[0].encode(), numbered(1, 2)[0].encode()
    path.write_bytes(first + b"\n\xff\xfe|bad\n" + b"y" * 3_000_000 + b"\n" + b"\0" * 5000 + last + b"\n")
    assert read(path) == [first.decode(), "��|bad", "?", last.decode()]
