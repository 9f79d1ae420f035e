from __future__ import annotations

import asyncio
import stat
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from click.testing import CliRunner

from tests.doctor.asterisk.test_suggest import prepare
from tests.doctor.freeswitch.told import house
from tests.pbx.fake_asterisk import SECRET, FakeAsterisk, fake_asterisk
from tests.pbx.fake_freeswitch import PASSWORD
from textback import config
from textback.cli import cli

init_module = sys.modules["textback.cli.init"]
GIVEN = ["--non-interactive", "--practice-name", "Riverside Clinic", "--number", "(202) 555-0100"]


def init(folder: Path, *arguments: str, answers: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["init", "--directory", str(folder), *arguments], input=answers)
    return result.exit_code, result.output


def test_the_files_that_it_writes_pass_check(tmp_path: Path) -> None:
    assert init(tmp_path, *GIVEN)[0] == 0
    arguments = ["check", "--config", str(tmp_path / "textback.toml"), "--practice", str(tmp_path / "practice.toml")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output


def test_options_end_up_where_they_belong(tmp_path: Path) -> None:
    more = ["--pbx-host", "10.0.0.5", "--pbx-port", "5039", "--pbx-user", "tb", "--trunk", "PJSIP/a-*"]
    more += ["--trunk", "SIP/b", "--context", "from-pstn"]
    more += ["--queue", "main/support", "--region", "US", "--timezone", "America/Denver"]
    assert init(tmp_path, *GIVEN, *more, "--test-number", "2025550143", "--pbx-name", "hq")[0] == 0
    (pbx,) = config.load(tmp_path / "textback.toml").pbx
    assert (pbx.name, pbx.host, pbx.port, pbx.username) == ("hq", "10.0.0.5", 5039, "tb")
    assert (pbx.trunks, pbx.inbound_contexts) == (("PJSIP/a-*", "SIP/b"), ("from-pstn",))
    practice = config.load_practice_file(tmp_path / "practice.toml")
    assert (practice.name, practice.timezone, practice.mode) == ("Riverside Clinic", "America/Denver", "test")
    assert (practice.lines[0].number, practice.lines[0].queues) == ("+12025550100", ("main/support",))
    assert practice.test_numbers == ("+12025550143",)


def test_values_with_quotes_and_backslashes_are_written_as_they_are(tmp_path: Path) -> None:
    name = 'The "Q" \\ Zoë = [1]'
    assert init(tmp_path, *GIVEN[:2], name, *GIVEN[3:])[0] == 0
    assert config.load_practice_file(tmp_path / "practice.toml").name == name


def test_the_secret_is_made_up_kept_private_and_not_printed(tmp_path: Path) -> None:
    _, output = init(tmp_path, *GIVEN)
    secret = tmp_path / "ami-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text().strip()) >= 24
    assert secret.read_text().strip() not in output
    assert str(secret) in output


def test_a_secret_that_is_there_already_is_used_and_never_overwritten(tmp_path: Path) -> None:
    secret = tmp_path / "mine"
    secret.write_text("hush-hush\n")
    assert init(tmp_path, *GIVEN, "--pbx-secret-file", str(secret))[0] == 0
    assert init(tmp_path, *GIVEN, "--pbx-secret-file", str(secret), "--force")[0] == 0
    assert secret.read_text() == "hush-hush\n"
    assert config.load(tmp_path / "textback.toml").pbx[0].secret.get_secret_value() == "hush-hush"
    assert not (tmp_path / "ami-secret").exists()


def test_files_that_exist_are_overwritten_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "practice.toml").write_text("mine")
    status, output = init(tmp_path, *GIVEN)
    assert (status, "--force" in output) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["practice.toml"]
    assert init(tmp_path, *GIVEN, "--force")[0] == 0
    assert (tmp_path / "practice.toml").read_text() != "mine"


def test_who_answers_nothing_sensible_is_asked_again(tmp_path: Path) -> None:
    answers = ["Grove Dental", "Narnia", "us", "Mars", "America/Denver", "12", "2025550111", "", *[""] * 6, "a, b", ""]
    status, output = init(tmp_path, answers="\n".join(answers) + "\n")
    assert status == 0
    assert output.count("In which country is it") == 2 and output.count("In which time zone") == 2
    practice = config.load_practice_file(tmp_path / "practice.toml")
    assert (practice.timezone, practice.lines[0].number) == ("America/Denver", "+12025550111")
    assert practice.lines[0].queues == ("a", "b")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--non-interactive"],
        [*GIVEN, "--timezone", "Mars"],
        [*GIVEN, "--region", "Narnia"],
        [*GIVEN[:-1], "12"],
        [*GIVEN, "--pbx-port", "0"],
    ],
)
def test_options_that_make_no_sense_are_a_fault_of_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert init(tmp_path, *arguments)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_where_nobody_answers_it_says_how_to_go_without(tmp_path: Path) -> None:
    status, output = init(tmp_path, answers="Grove Dental\n")
    assert status == 2 and "say --region, and --non-interactive" in output
    assert list(tmp_path.iterdir()) == []


def test_a_key_on_hold_waits_in_the_practice_file_until_it_is_enabled(tmp_path: Path) -> None:
    assert init(tmp_path, *GIVEN)[0] == 0
    practice = config.load_practice_file(tmp_path / "practice.toml")
    assert not practice.call_to_text.enabled
    text = (tmp_path / "practice.toml").read_text()
    assert text.count("enabled = false") == 1
    (tmp_path / "practice.toml").write_text(text.replace("enabled = false", "enabled = true"))
    enabled = config.load_practice_file(tmp_path / "practice.toml")
    assert enabled.call_to_text.enabled and enabled.warnings() == practice.warnings()


def test_what_the_files_could_not_hold_leaves_nothing_half_written(tmp_path: Path) -> None:
    status, output = init(tmp_path, *GIVEN, "--pbx-name", "not a name")
    assert (status, "pbx[0].name" in output) == (78, True)
    assert {path.name for path in tmp_path.iterdir()} <= {"ami-secret"}


def test_it_ends_with_where_the_dialplan_is_to_be_had(tmp_path: Path) -> None:
    _, output = init(tmp_path, *GIVEN)
    assert output.rstrip().splitlines()[-1].strip() == f"textback --config {tmp_path}/textback.toml dialplan show"


def test_what_the_pbx_has_becomes_the_answer_that_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "ami-secret").write_text(SECRET)
    with answering() as port:
        status, output = init(tmp_path, *GIVEN, "--pbx-port", str(port))
    assert status == 0, output
    assert "found on the PBX: 1 trunk, 2 queues, 2 dialled numbers" in output
    (pbx,) = config.load(tmp_path / "textback.toml").pbx
    assert (pbx.trunks, pbx.inbound_contexts) == (("PJSIP/my-trunk-*",), ("from-trunk",))
    (line,) = config.load_practice_file(tmp_path / "practice.toml").lines
    assert (line.queues, line.dids) == (("sales", "support"), ("+12025550110", "+12025550111"))


def test_what_is_given_wins_over_what_is_found(tmp_path: Path) -> None:
    (tmp_path / "ami-secret").write_text(SECRET)
    with answering() as port:
        more = ["--pbx-port", str(port), "--trunk", "SIP/x-*", "--queue", "billing", "--did", "2025550177"]
        assert init(tmp_path, *GIVEN, *more)[0] == 0
    assert config.load(tmp_path / "textback.toml").pbx[0].trunks == ("SIP/x-*",)
    (line,) = config.load_practice_file(tmp_path / "practice.toml").lines
    assert (line.queues, line.dids) == (("billing",), ("+12025550177",))


def test_a_pbx_that_lets_nobody_in_is_said_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "ami-secret").write_text("wrong")
    with answering() as port:
        status, output = init(tmp_path, *GIVEN, "--pbx-port", str(port))
    assert status == 0 and "the PBX was not looked at: the PBX refuses the AMI user" in output
    assert config.load(tmp_path / "textback.toml").pbx[0].trunks == ("PJSIP/trunk-*",)


def test_it_ends_with_the_doctor_where_somebody_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_module, "_is_watched", lambda: True)
    answers = ["Grove Dental", "US", "UTC", "2025550111", "", "", "", "1", "", "", "", "", "", "y", "n"]
    status, output = init(tmp_path, answers="\n".join(answers) + "\n")
    assert status == 0, output
    assert "FAILED   main/connect" in output
    assert output.count("Shall I look now") == 2  # something is wrong still: once it is mended, look again
    for more in (["--no-doctor"], ["--non-interactive"]):
        assert "Shall I look" not in init(tmp_path, *GIVEN, "--force", *more, answers="\n" * 20)[1]


# -- FreeSWITCH ------------------------------------------------------------------------------------------------------


def test_a_freeswitch_is_looked_at_as_well(tmp_path: Path) -> None:
    (tmp_path / "esl-secret").write_text(PASSWORD)
    (tmp_path / "told").mkdir()
    with answering(house(tmp_path / "told").freeswitch) as port:
        status, output = init(tmp_path, *GIVEN, "--pbx-kind", "freeswitch", "--pbx-port", str(port))
    assert status == 0, output
    assert "found on the PBX: 1 trunk, 4 queues, 1 dialled number" in output
    (pbx,) = config.load(tmp_path / "textback.toml").pbx
    assert (pbx.kind, pbx.username, pbx.port) == ("freeswitch", None, port)
    assert (pbx.trunks, pbx.inbound_contexts) == (("sofia/trunk/*",), ("public",))
    (line,) = config.load_practice_file(tmp_path / "practice.toml").lines
    assert line.dids == ("+12025556210",) and "support@default" in line.queues


def test_a_freeswitch_that_is_not_looked_at_gets_what_is_usual_and_how_to_let_us_in(tmp_path: Path) -> None:
    status, output = init(tmp_path, *GIVEN, "--pbx-kind", "freeswitch")
    assert status == 0, output
    (pbx,) = config.load(tmp_path / "textback.toml").pbx
    assert (pbx.port, pbx.trunks, pbx.inbound_contexts) == (8021, ("sofia/external/*",), ("public",))
    assert pbx.secret.get_secret_value() == (tmp_path / "esl-secret").read_text().strip() not in output
    assert '<param name="apply-inbound-acl" value="127.0.0.1/32"/>' in output and "manager.conf" not in output
    assert "# [esl]" in (tmp_path / "textback.toml").read_text()


def test_who_has_a_freeswitch_is_asked_for_no_manager_user(tmp_path: Path) -> None:
    answers = ["Grove Dental", "US", "UTC", "2025550111", "", "PBX", "FreeSWITCH", "", "", "", "", "", ""]
    status, output = init(tmp_path, answers="\n".join(answers) + "\n")
    assert status == 0, output
    assert "is none of asterisk and freeswitch" in output and "On which port is its event socket" in output
    assert "manager user" not in output


@asynccontextmanager
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    """One with a trunk, queues and dialled numbers."""
    async with fake_asterisk() as pbx:
        usual = ("from-trunk", "from-pstn", "from-did-direct", "from-external", "inbound", "incoming", "public", "more")
        prepare(pbx, usual)
        yield pbx


@contextmanager
def answering(make: Callable[[], Any] = asterisk) -> Iterator[int]:
    """A PBX in a thread of its own, at that port."""
    found: SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()

    async def run() -> None:
        stop = asyncio.Event()
        async with make() as pbx:
            found.put((pbx.port, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="pbx")
    thread.start()
    port, loop, stop = found.get(timeout=10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
