"""The files for FreeSWITCH, as far as they can be checked without one: nothing they name is missing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

DIALPLAN = Path(__file__).parents[2] / "dialplan"
FOLDER = DIALPLAN / "freeswitch"
TEXT = (FOLDER / "dialplan/textback.xml").read_text(encoding="utf-8")
TREE = ElementTree.fromstring(TEXT)
EXTENSIONS = {extension.attrib["name"]: extension for extension in TREE.iter("extension")}
#: places that a dialplan of its own, or the daemon, sends calls to
ENTRANCES = {"textback-queue", "textback-left", "textback-offer", "textback-confirm", "textback-no-answer"}


def actions(name: str) -> list[tuple[str, str]]:
    """What an extension may run, in order."""
    found = EXTENSIONS[name].iter()
    return [(one.attrib["application"], one.get("data", "")) for one in found if one.tag in ("action", "anti-action")]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*/*.xml")), ids=lambda file: file.name)
def test_a_file_begins_as_freeswitch_wants_it(file: Path) -> None:
    """A line with <include> on it is dropped whole, with whatever else stands there."""
    text = file.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == "include"
    assert [line for line in text.splitlines() if "include>" in line] == ["<include>", "</include>"]


def test_every_place_that_is_gone_to_is_there_and_every_place_is_gone_to() -> None:
    named = set(re.findall(r"\b(textback-[a-z-]+) XML \$\{context\}", TEXT))
    assert named <= EXTENSIONS.keys()
    assert named | ENTRANCES == EXTENSIONS.keys()


def test_an_extension_is_entered_by_its_own_name_alone() -> None:
    for name, extension in EXTENSIONS.items():
        first = extension.find("condition")
        assert first is not None
        assert (first.get("field"), first.get("expression")) == ("destination_number", f"^{name}$")


def test_every_entrance_reads_the_settings_first() -> None:
    for name in ENTRANCES:
        assert actions(name)[0] == ("execute_extension", "textback-settings XML ${context}")


def test_no_path_waits_for_the_daemon_without_a_limit_or_ends_behind_it() -> None:
    asking = [name for name in EXTENSIONS if "socket" in dict(actions(name))]
    assert asking == ["textback-ask"]
    applications = [application for application, _ in actions("textback-ask")]
    assert applications[-6:] == ["sched_transfer", "set", "socket", "sched_cancel", "unset", "transfer"]
    assert actions("textback-late")[0] == ("unset", "socket_resume")


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_every_path_through_an_extension_leads_on(name: str) -> None:
    """Whatever its conditions say, the last thing that is run is a transfer or a hang-up."""
    if name == "textback-settings":
        return
    for condition in EXTENSIONS[name].findall("condition"):
        for kind in ("action", "anti-action"):
            run = [one.attrib["application"] for one in condition.findall(kind)]
            goes_on = condition.get("break") == "never" or run in (["unset"], ["execute_extension"])
            assert not run or goes_on or run[-1] in ("transfer", "hangup")
    last = EXTENSIONS[name].findall("condition")[-1]
    may_fail = last.get("field") not in (None, "destination_number")
    assert bool(last.findall("anti-action")) == may_fail


def test_every_prompt_that_is_played_is_there_in_each_language() -> None:
    said = set(re.findall(r"textback/([a-z-]+)\.wav", TEXT)) | set(re.findall(r"textback_say=([a-z-]+)", TEXT))
    said |= set(re.findall(r"textback_prompt=textback/([a-z-]+)", TEXT)) | {f"digit-{digit}" for digit in range(10)}
    assert len(said) > 15
    for language in ("en", "es"):
        assert all((DIALPLAN / f"prompts/{language}/textback/{name}.wav").is_file() for name in said)


def test_the_socket_is_for_this_machine_and_its_password_is_none() -> None:
    tree = ElementTree.fromstring((FOLDER / "textback/event_socket.xml").read_text(encoding="utf-8"))
    params = {one.attrib["name"]: one.attrib["value"] for one in tree.iter("param")}
    assert (params["listen-ip"], params["apply-inbound-acl"]) == ("127.0.0.1", "loopback.auto")
    assert params["password"] == "change-me"
