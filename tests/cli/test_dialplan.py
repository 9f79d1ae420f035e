from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.practices import document
from textback.cli import cli, toml
from textback.dialplans import FILES, FREESWITCH_FILES
from textback.shipped import package

from .conftest import Home

HOOKS = '[agi]\nlisten = "127.0.0.1:4573"\n'
ESL = '[esl]\nlisten = "127.0.0.1:8090"\n'
ANOTHER = """
[[pbx]]
name = "branch"
kind = "{kind}"
host = "{host}"
username = "tb"
secret = "sesame-open"
trunks = ["PJSIP/trunk-*"]
"""
PROMPTS = Path(package("dialplan").__path__[0]) / "prompts"


def another(kind: str = "asterisk", host: str = "127.0.0.1") -> str:
    return ANOTHER.format(kind=kind, host=host)


@pytest.fixture
def ready(home: Home) -> Home:
    """A PBX, hooks, and a practice with the queue support."""
    home.configure(HOOKS)
    home.want(**queues("support"))
    return home


def queues(*names: str, **call_to_text: Any) -> dict[str, Any]:
    line = {"name": "Front desk", "number": "+12025550100", "queues": list(names)}
    wanted = {"enabled": True, "hours": "always", "message": {"en": "{practice} here"}, **call_to_text}
    return {"line": [line], "call_to_text": wanted}


def show(home: Home, *arguments: object) -> str:
    return home.done("dialplan", "show", *arguments)


def refused(home: Home, status: int, *arguments: object) -> str:
    result = home.run("dialplan", "show", *arguments)
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def configuration_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith(";")]


# -- on the screen ---------------------------------------------------------------------------------------------------


def test_all_files_are_printed_each_under_its_name_with_where_it_goes(ready: Home) -> None:
    told = show(ready)
    heads = [line.split()[2] for line in told.splitlines() if line.startswith("; ====")]
    assert heads == ["manager-textback.conf", "extensions-textback.conf", "queues-textback.conf"]
    for place in ("manager.conf", "manager_custom.conf", "extensions_custom.conf", "queues_post_custom.conf"):
        assert place in told
    assert all(f'#include "{name}"' in told for name in FILES)
    assert {"[support](+)", "periodic-announce-frequency = 30", "[textback]"} <= set(told.splitlines())


def test_no_secret_is_printed(ready: Home) -> None:
    result = ready.run("dialplan", "show")
    assert result.exit_code == 0
    assert "hush-hush" not in result.output
    assert "secret = change-me" in result.stdout


def test_one_file_alone_is_what_a_folder_gets(ready: Home) -> None:
    for name in FILES:
        told = show(ready, "--file", name)
        assert told in show(ready)
        assert "====" not in told.splitlines()[0]
    show(ready, "--output", ready.folder / "etc")
    assert (ready.folder / "etc" / FILES[1]).read_text() == show(ready, "--file", FILES[1])


def test_the_hooks_address_and_the_practice_are_those_of_the_configuration(home: Home) -> None:
    home.configure('[agi]\nlisten = "0.0.0.0:4600"\nallow = ["10.0.0.0/8"]\n')
    home.want(**queues("support", key="7", after="50s"))
    result = home.run("dialplan", "show")
    assert "Set(TEXTBACK_AGI=agi://127.0.0.1:4600)" in result.stdout
    assert "exten => 7,1,Gosub(textback-settings,s,1)" in result.stdout
    assert "periodic-announce-frequency = 50" in result.stdout
    assert result.stderr.startswith("main: textback/offer-7 is yours to record")


def test_a_practice_file_is_taken_instead_of_the_database(home: Home) -> None:
    home.configure(HOOKS)
    wanted = [document(**queues("sales")), document(**queues("front", key="2"))]
    wanted[1]["practice"] |= {"name": "Grove", "default": False}
    wanted[1]["line"][0]["number"] = "+12025550101"
    first, second = (home.write(f"{at}.toml", toml.dumps(one)) for at, one in enumerate(wanted))
    told = show(home, "--practice", first, "--practice", second)
    assert {"[sales](+)", "[front](+)", "[textback-keys-2]"} <= set(told.splitlines())
    assert "[front](+)" not in show(home, "--practice", first)
    assert not (home.folder / "textback.db").exists()
    third = home.write("third.toml", toml.dumps(wanted[1] | {"line": wanted[0]["line"]}))
    assert 'in the practice "Riverside"' in refused(home, 78, "--practice", first, "--practice", third)


def test_without_a_database_and_a_file_there_is_nothing_to_show(home: Home) -> None:
    assert "textback db upgrade" in refused(home, 1)


def test_a_name_that_would_break_out_is_a_fault_of_the_configuration(ready: Home) -> None:
    ready.want(**queues("a;b"))
    assert refused(ready, 78) == (
        'the practice "Riverside", queue: found "a;b", expected up to 79 letters, digits, spaces and any of'
        " - _ . + @ ' &: Asterisk's files take the rest for something else\n"
    )


# -- several PBXes ---------------------------------------------------------------------------------------------------


def test_each_pbx_has_its_own_files(ready: Home) -> None:
    ready.configure(HOOKS + another())
    result = ready.run("dialplan", "show")
    assert result.stdout.count("; ====") == 6
    assert "main: support: named without a PBX" in result.stderr
    assert "[tb]" in show(ready, "--pbx", "branch").splitlines()
    assert "[tb]" not in show(ready, "--pbx", "main").splitlines()


@pytest.mark.parametrize("option", [["--file", "queues-textback.conf"], ["--output", "etc"]])
def test_one_set_of_files_is_for_one_pbx(ready: Home, option: list[str]) -> None:
    ready.configure(HOOKS + another())
    assert "say --pbx: main or branch." in refused(ready, 2, *option)
    assert not Path("etc").exists()


def test_each_kind_of_pbx_has_its_own_files(ready: Home) -> None:
    ready.configure(HOOKS + ESL + another("freeswitch"))
    told = show(ready)
    assert told.count("; ====") == 3
    assert [line.split()[2] for line in told.splitlines() if line.startswith("<!-- ====")] == [
        *FREESWITCH_FILES,
        "textback/callcenter-support.xml",
    ]
    assert show(ready, "--file", "dialplan/textback.xml") in told
    assert 'data="textback_esl=127.0.0.1:8090"' in told
    no_such = refused(ready, 1, "--pbx", "main", "--file", "dialplan/textback.xml")
    assert no_such == "there is no dialplan/textback.xml for main (asterisk)\n"


def test_the_files_for_freeswitch_go_where_they_belong_and_the_password_stays(ready: Home, tmp_path: Path) -> None:
    ready.configure(HOOKS + ESL + another("freeswitch"))
    conf = tmp_path / "freeswitch"
    show(ready, "--pbx", "branch", "--output", conf)
    socket = conf / "textback/event_socket.xml"
    assert (conf / "dialplan/textback.xml").is_file() and (conf / "textback/callcenter-support.xml").is_file()
    socket.write_text(socket.read_text().replace("change-me", "hush-hush"))
    ready.want(**queues("support", key="7"))
    told = show(ready, "--pbx", "branch", "--output", conf)
    assert f"{socket}: as it was" in told and f"{conf}/dialplan/textback.xml: written" in told
    assert 'name="password" value="hush-hush"' in socket.read_text()
    (conf / "dialplan/textback.xml").write_text("<include/>")
    assert "dialplan/textback.xml was changed" in refused(ready, 1, "--pbx", "branch", "--output", conf)


def test_a_queue_that_freeswitch_cannot_have_is_a_fault_of_the_configuration(ready: Home) -> None:
    ready.configure(HOOKS + ESL + another("freeswitch"))
    ready.want(**queues("branch/front desk"))
    told = refused(ready, 78, "--pbx", "branch")
    assert 'the practice "Riverside", queue: found "front desk"' in told


def test_an_unknown_pbx_is_refused_with_those_there_are(ready: Home) -> None:
    assert refused(ready, 1, "--pbx", "hq") == "there is no [[pbx]] hq; there is main\n"
    ready.write("textback.toml", "")
    assert refused(ready, 1) == "there is no [[pbx]] in textback.toml\n"


def test_a_pbx_on_another_computer_wants_to_know_where_this_one_is(ready: Home) -> None:
    ready.configure(HOOKS + another(host="10.0.0.5"))
    assert "branch is on another computer (10.0.0.5): say --address" in refused(ready, 78, "--pbx", "branch")
    told = ready.run("dialplan", "show", "--pbx", "branch", "--address", "10.0.0.9")
    assert "permit = 10.0.0.9/255.255.255.255" in told.stdout.splitlines()
    assert "Set(TEXTBACK_AGI=agi://10.0.0.9:4573)" in told.stdout
    assert "agi.listen is 127.0.0.1, where branch at 10.0.0.5 cannot reach it" in told.stderr
    assert "no IP address" in refused(ready, 2, "--address", "hooks.lan")


def test_hooks_that_are_switched_off_are_remarked_on(home: Home) -> None:
    home.want(**queues("support"))
    assert "main: there is no [agi] in textback.toml" in home.run("dialplan", "show").stderr


# -- in a folder -----------------------------------------------------------------------------------------------------


@pytest.fixture
def etc(ready: Home) -> Path:
    """A folder that the files were written to."""
    folder = ready.folder / "asterisk" / "etc"
    assert show(ready, "--output", folder) == "".join(f"{folder}/{name}: written\n" for name in FILES)
    return folder


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_written_again_they_are_as_they_were(ready: Home, etc: Path) -> None:
    before = contents(etc)
    assert set(before) == set(FILES)
    assert show(ready, "--output", etc) == "".join(f"{etc}/{name}: as it was\n" for name in FILES)
    assert contents(etc) == before


def test_a_changed_configuration_changes_them_and_leaves_secret_and_rights(ready: Home, etc: Path) -> None:
    manager = etc / "manager-textback.conf"
    change(manager, "change-me", "hush-hush")
    manager.chmod(0o640)
    ready.want(**queues("support", offer="whisper"))
    result = ready.run("dialplan", "show", "--output", etc)
    assert result.exit_code == 0 and "hush-hush" not in result.output
    lines = manager.read_text().splitlines()
    assert {"secret = hush-hush", "write = call,agent,reporting,originate"} <= set(lines)
    assert stat.S_IMODE(manager.stat().st_mode) == 0o640
    assert "periodic" not in "".join(configuration_lines((etc / "queues-textback.conf").read_text()))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_somebody_changed_is_overwritten_only_by_force(ready: Home, etc: Path, name: str) -> None:
    original = contents(etc)
    change(etc / name, "textback", "my-textback")
    before = contents(etc)
    ready.want(**queues("support", "sales"))
    stderr = refused(ready, 1, "--output", etc)
    assert stderr.startswith(f"{etc}/{name} was changed") and "--force" in stderr
    assert contents(etc) == before
    assert f"{etc}/{name}: written" in show(ready, "--output", etc, "--force")
    after = contents(etc)
    assert "[sales](+)" in after.pop("queues-textback.conf")
    assert after.items() <= original.items()


def test_files_of_other_origin_or_of_another_pbx_are_not_overwritten(ready: Home, etc: Path) -> None:
    ready.configure(HOOKS + another())
    assert "made for another PBX than branch" in refused(ready, 1, "--pbx", "branch", "--output", etc)
    for text in (b"", b"\xff\xfe", b"; mine\n"):
        (etc / FILES[1]).write_bytes(text)
        assert f"{etc}/{FILES[1]} was changed" in refused(ready, 1, "--pbx", "main", "--output", etc)
        assert (etc / FILES[1]).read_bytes() == text


def test_a_folder_that_cannot_be_written_is_told_in_one_line(ready: Home) -> None:
    (ready.folder / "file").write_text("in the way")
    etc = ready.folder / "file" / "etc"
    assert refused(ready, 1, "--output", etc) == f"{etc}/{FILES[0]}: not a directory\n"


def test_a_file_for_the_screen_and_a_folder_are_not_both(ready: Home) -> None:
    assert "either --file or --output" in refused(ready, 2, "--file", FILES[0], "--output", ready.folder)
    assert "Invalid value for '--file'" in refused(ready, 2, "--file", "/etc/passwd")


# -- the prompts -----------------------------------------------------------------------------------------------------


def bare(*arguments: object) -> Result:
    """Without any configuration."""
    return CliRunner().invoke(cli, ["--config", "/nowhere.toml", "dialplan", "show", *map(str, arguments)])


def test_where_the_prompts_are_is_told_on_one_line() -> None:
    result = bare("--prompts")
    assert (result.exit_code, result.stdout) == (0, f"{PROMPTS}\n")
    assert "--prompts /var/lib/asterisk/sounds" in result.stderr


def test_the_prompts_are_copied_and_own_recordings_stay(tmp_path: Path) -> None:
    assert bare("--prompts", tmp_path / "sounds").stdout == f"{tmp_path}/sounds: 42 prompts\n"
    offer = tmp_path / "sounds/en/textback/offer.wav"
    assert offer.read_bytes() == (PROMPTS / "en/textback/offer.wav").read_bytes()
    offer.write_bytes(b"mine")
    again = bare("--prompts", tmp_path / "sounds")
    assert (again.exit_code, again.stdout) == (0, f"{tmp_path}/sounds: 41 prompts\n")
    assert again.stderr.startswith(f"{offer}: another recording, left as it is")
    assert offer.read_bytes() == b"mine"
    bare("--prompts", tmp_path / "sounds", "--force")
    assert offer.read_bytes() != b"mine"


def test_prompts_that_cannot_be_copied_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sounds").write_text("in the way")
    result = bare("--prompts", tmp_path / "sounds")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_files_and_prompts_go_to_their_places_at_once(ready: Home) -> None:
    show(ready, "--output", ready.folder / "etc", "--prompts", ready.folder / "sounds")
    assert {path.name for path in (ready.folder / "etc").iterdir()} == set(FILES)
    assert (ready.folder / "sounds/es/textback/stay.wav").is_file()


# -- check -----------------------------------------------------------------------------------------------------------


def included(home: Home) -> Path:
    """A folder as an administrator has it who has included what `dialplan show` writes."""
    folder = home.folder / "etc"
    home.done("dialplan", "show", "--output", folder)
    (folder / "manager.conf").write_text('[general]\n#include "manager-textback.conf"\n')
    (folder / "queues.conf").write_text('[general]\n[support]\n#include "queues-textback.conf"\n')
    call = "exten => 12025550110,1,Gosub(textback-queue,s,1(support,t))\n"
    (folder / "extensions.conf").write_text(f'#include "extensions-textback.conf"\n[from-trunk]\n{call}')
    return folder


def offering(home: Home) -> None:
    home.configure('[agi]\nlisten = "127.0.0.1:4573"\n')
    home.want(line=[{"name": "Desk", "number": "+12025550100", "queues": ["support"]}])


def test_what_show_writes_is_what_check_wants(home: Home) -> None:
    offering(home)
    told = home.done("dialplan", "check", "--asterisk-etc", included(home), "--asterisk", 22)
    assert "failed" not in told.lower() and "main/exit: support: the key 5 leads to [textback-keys]" in told


def test_what_is_missing_is_told_with_its_lines_and_ends_in_failure(home: Home) -> None:
    offering(home)
    folder = included(home)
    (folder / "queues-textback.conf").write_text("[support](+)\ncontext = elsewhere\n")
    result = home.run("dialplan", "check", "--asterisk-etc", folder, "--json")
    failed = [json.loads(line) for line in result.stdout.splitlines() if '"failed"' in line]
    assert result.exit_code == 1 and {row["check"] for row in failed} == {"main/exit", "main/announce"}
    assert failed[0]["lines"] == ["[support](+)", "context = textback-keys"]


def test_without_the_files_of_a_pbx_there_is_nothing_to_check(home: Home) -> None:
    offering(home)
    result = home.run("dialplan", "check", "--asterisk-etc", home.folder / "gone")
    assert result.exit_code == 2


FREESWITCH = {
    "freeswitch.xml": """\
<document type="freeswitch/xml">
  <section name="configuration">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
</document>
""",
    "autoload_configs/callcenter.conf.xml": """\
<configuration name="callcenter.conf">
  <queues>
    <queue name="support@default">
      <X-PRE-PROCESS cmd="include" data="../textback/callcenter-support@default.xml"/>
      <param name="strategy" value="ring-all"/>
    </queue>
  </queues>
</configuration>
""",
    "autoload_configs/event_socket.conf.xml": """\
<configuration name="event_socket.conf">
  <settings>
    <X-PRE-PROCESS cmd="include" data="../textback/event_socket.xml"/>
  </settings>
</configuration>
""",
    "dialplan/public.xml": """\
<context name="public">
  <extension name="desk">
    <condition field="destination_number" expression="^12025550110$">
      <action application="answer"/>
      <action application="set" data="textback_queue=support@default"/>
      <action application="transfer" data="textback-queue XML textback"/>
    </condition>
  </extension>
</context>
""",
}


def freeswitch_files(home: Home) -> Path:
    """The same of a FreeSWITCH."""
    home.configure(ESL + another("freeswitch"))
    home.want(line=[{"name": "Desk", "number": "+12025550100", "queues": ["branch/support@default"]}])
    folder = home.folder / "conf"
    for name, text in FREESWITCH.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    home.done("dialplan", "show", "--pbx", "branch", "--output", folder)
    return folder


def freeswitch_faults(home: Home, folder: Path) -> list[dict[str, Any]]:
    result = home.run("dialplan", "check", "--pbx", "branch", "--freeswitch-etc", folder, "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    failed = [row for row in found if row["status"] == "failed"]
    assert result.exit_code == bool(failed) and found, result.output
    return failed


def test_what_show_writes_for_a_freeswitch_is_what_check_wants(home: Home) -> None:
    folder = freeswitch_files(home)
    told = home.done("dialplan", "check", "--pbx", "branch", "--freeswitch-etc", folder)
    assert "failed" not in told.lower() and "warning" not in told.lower()
    assert "the key leads out of support@default, and back" in told


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "line"),
    [
        ("dialplan/public.xml", "textback-queue XML", "textback-quue XML", "branch/fallback",
         '<action application="transfer" data="textback-queue XML textback"/>'),
        ("dialplan/textback.xml", "textback_key=5", "textback_key=6", "branch/key",
         '<action application="set" data="textback_key=5"/>'),
        ("dialplan/textback.xml", "textback_esl=127.0.0.1:8090", "textback_esl=127.0.0.1:1", "branch/esl",
         '<action application="set" data="textback_esl=127.0.0.1:8090"/>'),
        ("textback/callcenter-support@default.xml", 'score" value="system"', 'score" value="queue"', "branch/place",
         '<param name="time-base-score" value="system"/>'),
        ("dialplan/public.xml", "</extension>", "", "branch/files", "</context>"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_freeswitch_is_told_with_its_line(
    home: Home, file: str, old: str, new: str, check: str, line: str
) -> None:
    folder = freeswitch_files(home)
    text = (folder / file).read_text()
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new))
    failed = freeswitch_faults(home, folder)
    assert failed[0]["check"] == check and failed[0]["lines"] == [line]
    assert failed[0]["file"].startswith(f"{file}, line ")


def test_the_option_is_named_after_the_pbx(home: Home) -> None:
    freeswitch_files(home)
    result = home.run("dialplan", "check", "--pbx", "branch", "--freeswitch-etc", home.folder / "gone")
    assert result.exit_code == 2
    assert "say --pbx: main or branch." in home.run("dialplan", "check").output
