"""A disk that is full, a database that is gone for an hour, a disk that can only be read, a program that is too old."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Home, call, home
from tests.store.test_erasing import ANN
from tests.world import World, until, world
from textback.demo.queue_calls import waits_and_gives_up

__all__ = ["home"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no disk of its own can be had here: mount needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room; gives the file that takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return filler


async def is_failing(w: World, numbers: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """Callers come and give up until the database takes no more."""
    while "the database does not take what is written" not in caplog.text:
        numbers.append(f"1202555{3000 + len(numbers)}")
        assert len(numbers) < 60, "there was room all the time"
        await w.call(waits_and_gives_up(20.0), numbers[-1])
        await asyncio.sleep(0)


def states(w: World) -> dict[str, str]:
    return {text["to"]: text["status"] for text in w.texts()}


def posted(w: World) -> list[str]:
    return sorted(request.form["To"] for request in w.twilio.posts)


@pytest.mark.slow
def test_on_a_full_disk_nothing_is_lost_and_nobody_is_texted_twice(
    tmp_path: Path, small: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with world(tmp_path, url=f"sqlite:///{small / 'textback.db'}") as w:
            async with w.daemon():
                filler, numbers = fill(small), ["12025553999"]
                await is_failing(w, numbers, caplog)
                w.now += 30
                filler.unlink()

                def all_told() -> bool:
                    w.now += 0.01
                    return [*states(w).values()] == ["sent"] * len(numbers)

                del numbers[0]
                await until(all_told)
            assert posted(w) == sorted(f"+{number}" for number in numbers)
            assert "the database is back" in caplog.text and "nothing was lost" in caplog.text

    asyncio.run(story())


@pytest.mark.slow
def test_what_ended_while_the_database_was_gone_for_an_hour_is_told_and_only_what_is_young_is_texted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var").mkdir()

    async def story() -> None:
        async with world(tmp_path, url=f"sqlite:///{tmp_path / 'var' / 'textback.db'}") as w:
            async with w.daemon():
                os.rename(tmp_path / "var", tmp_path / "away")
                await w.call(waits_and_gives_up(20.0), "12025553001")
                w.now += 3600
                await w.call(waits_and_gives_up(20.0), "12025553002")
                await until(lambda: "the database does not take what is written" in caplog.text)
                os.rename(tmp_path / "away", tmp_path / "var")
                w.now += 16

                def all_told() -> bool:
                    w.now += 0.01
                    return states(w) == {"+12025553001": "held", "+12025553002": "sent"}

                await until(all_told)
            assert [row["disposition"] for row in w.log()] == ["abandoned", "abandoned"]
            assert posted(w) == ["+12025553002"]

    asyncio.run(story())


def move(home: Home, folder: Path) -> None:
    """The database to another disk."""
    shutil.move(home.folder / "textback.db", folder)
    home.config.write_text(home.config.read_text().replace(f"{home.folder}/textback.db", f"{folder}/textback.db"))


@pytest.fixture
def read_only(home: Home, small: Path) -> Home:
    """A database on a disk that can only be read."""
    home.want()
    home.log(call(1, caller=ANN, practice="Riverside", started_at=1.0, ended_at=2.0))
    move(home, small)
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    return home


@pytest.mark.parametrize(
    "command", [("purge", "--older-than", "1y"), ("contacts", "erase", "--yes", ANN), ("optout", "add", ANN)]
)
def test_on_a_disk_that_can_only_be_read_what_would_write_says_so(read_only: Home, command: tuple[str, ...]) -> None:
    refused = read_only.run(*command)
    assert refused.exit_code == 1 and "see that the folder exists and that this user may write to it" in refused.stderr
    assert "Traceback" not in refused.stderr and ANN not in refused.stderr


def test_and_what_reads_goes_on(read_only: Home) -> None:
    assert len(read_only.done("calls", "list", "--json").splitlines()) == 1
    assert read_only.done("purge", "--older-than", "1y", "--dry-run") == "would be deleted: 1 calls\n"
    read_only.done("db", "backup", read_only.folder / "copy.db")


@pytest.mark.parametrize("command", [("db", "backup", "{}"), ("contacts", "erase", "--yes", ANN)])
def test_a_disk_that_fills_up_is_told_and_leaves_nothing_half_done(
    home: Home, small: Path, command: tuple[str, ...]
) -> None:
    home.want()
    home.log(*(call(n, caller=ANN, practice="Riverside", story=[[1.0, "waits " * 500]]) for n in range(20)))
    move(home, small)
    fill(small)
    refused = home.run(*(word.format(small / "copy.db") for word in command))
    assert refused.exit_code == 1 and "Traceback" not in refused.stderr
    assert "disk" in refused.stderr or "space" in refused.stderr
    assert [path.name for path in small.glob("*copy*")] == []
    (small / "filler").unlink()
    assert len(home.done("calls", "list", "--json", "--limit", "0").splitlines()) == 20
    home.done(*(word.format(small / "copy.db") for word in command))


def newer(home: Home) -> None:
    """A version that is still to come has upgraded the database."""
    database = sqlite3.connect(home.folder / "textback.db", isolation_level=None)
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.execute("UPDATE series SET oldest = '9999'")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


@pytest.mark.parametrize(
    "command",
    [
        ("run",), ("run", "--no-upgrade"), ("db", "upgrade"), ("db", "status"), ("purge", "--older-than", "1y"),
        ("contacts", "erase", "--yes", ANN), ("calls", "list"), ("check",),
    ],
)  # fmt: skip
def test_a_program_that_is_older_than_the_database_refuses_and_touches_nothing(
    home: Home, command: tuple[str, ...]
) -> None:
    home.want()
    newer(home)
    before = (home.folder / "textback.db").read_bytes()
    refused = home.run(*command)
    assert refused.exit_code in (1, 78)
    assert "9999" in refused.output and "newer version" in " ".join(refused.output.split())
    assert (home.folder / "textback.db").read_bytes() == before
