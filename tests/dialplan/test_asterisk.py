"""The files for Asterisk, as far as they can be checked without one: nothing they name is missing."""

from __future__ import annotations

import re
import wave
from array import array
from pathlib import Path

import pytest

DIALPLAN = Path(__file__).parents[2] / "dialplan"
EXTENSIONS = (DIALPLAN / "asterisk/extensions-textback.conf").read_text(encoding="utf-8")
#: NAME or LANGUAGE of each line of prompts.txt
LINES = [
    line.split(maxsplit=2)
    for line in (DIALPLAN / "asterisk/prompts.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PROMPTS = [(language, name) for language, name, _ in LINES]
NAMES = {name for _, name in PROMPTS}


def code() -> str:
    """The dialplan without its comments."""
    return "\n".join(line for line in EXTENSIONS.splitlines() if not line.startswith(";"))


@pytest.mark.parametrize(("language", "name"), PROMPTS)
def test_a_prompt_is_what_asterisk_plays_as_it_is(language: str, name: str) -> None:
    with wave.open(str(DIALPLAN / f"prompts/{language}/textback/{name}.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        frames = array("h", file.readframes(file.getnframes()))
    assert 0.5 < len(frames) / 8000 < 7
    assert max(map(abs, frames)) > 10_000, "it can be heard"
    assert not any(frames[-1600:]), "a whisper loses its last tenth of a second"


def test_each_language_has_all_prompts_and_there_are_no_others() -> None:
    assert {language for language, _ in PROMPTS} == {"en", "es"}
    assert len(PROMPTS) == 2 * len(NAMES)
    found = {(file.parts[-3], file.stem) for file in (DIALPLAN / "prompts").rglob("*.wav")}
    assert found == set(PROMPTS)


def test_every_prompt_that_is_named_is_there() -> None:
    files = (DIALPLAN.parent / "daemon/textback/hooks").glob("*.py")
    hooks = "".join(file.read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r"\btextback/([a-z-]+)\b(?![.-])", code().replace("agi://", "") + hooks))
    said = set(re.findall(r"TEXTBACK_SAY=([a-z-]+)", code()))
    assert said == {"cannot-text", "landline", "withheld"}
    assert named | said <= NAMES


def test_all_prompts_together_are_small() -> None:
    assert sum(file.stat().st_size for file in (DIALPLAN / "prompts").rglob("*.wav")) < 1_500_000


def test_every_place_that_is_gone_to_is_there() -> None:
    places = set()
    context = extension = ""
    for line in code().splitlines():
        if found := re.match(r"\[([\w-]+)\]", line):
            context = found[1]
        elif found := re.match(r"exten => (\w+),", line):
            extension = found[1]
            places.add((context, extension))
    gone_to = set(re.findall(r"\b(textback-[a-z]+),(\w+),1\b", code()))
    assert len(gone_to) > 5
    assert gone_to <= places
    included = set(re.findall(r"include => ([\w-]+)", code()))
    assert included == {"textback-hangup"}


def test_no_line_waits_for_the_daemon_without_a_limit() -> None:
    asking = [line for line in code().splitlines() if "AGI(" in line]
    hook = code().partition("[textback-hook]")[2].partition("\n[")[0]
    assert asking
    assert all(line in hook for line in asking)
    assert hook.index("Set(TIMEOUT(absolute)=${ARG2})") < hook.index("AGI(${TEXTBACK_AGI}")


def test_the_user_of_ami_has_no_right_to_run_commands() -> None:
    text = (DIALPLAN / "asterisk/manager-textback.conf").read_text(encoding="utf-8")
    [write] = re.findall(r"^write = (.*)$", text, re.M)
    assert set(write.split(",")) == {"call", "agent", "reporting"}
