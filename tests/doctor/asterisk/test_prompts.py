from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.practices import practice
from textback.doctor.asterisk.prompts import examine_prompts, sounds_of

from ..house import House, failures, statuses

SHIPPED = Path(__file__).parents[3] / "dialplan/prompts"


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "sounds"))


def test_the_shipped_prompts_are_enough(home: House, sounds: Path) -> None:
    assert statuses(examine_prompts(home.wanted, sounds)) == {"main/prompts": "ok"}


def test_one_that_is_missing_is_brought_by_a_command(home: House, sounds: Path) -> None:
    (sounds / "en/textback/stay.wav").unlink()
    (finding,) = failures(examine_prompts(home.wanted, sounds))
    assert finding.lines == (f"textback dialplan show --prompts {sounds}",) and "textback/stay" in finding.message


def test_one_that_names_another_key_is_to_be_recorded(home: House, sounds: Path) -> None:
    home.practices = (practice(call_to_text__key="7"),)
    (finding,) = failures(examine_prompts(home.wanted, sounds))
    assert "textback/offer-7" in finding.message and "record it" in finding.message
    (sounds / "en/textback/offer-7.gsm").touch()
    assert failures(examine_prompts(home.wanted, sounds)) == []


def test_sounds_that_are_elsewhere_are_not_judged(home: House, tmp_path: Path) -> None:
    assert statuses(examine_prompts(home.wanted, tmp_path / "gone")) == {"main/prompts": "skipped"}


def test_where_they_are_stands_in_asterisk_conf(home: House) -> None:
    assert sounds_of(home.etc) == Path("/var/lib/asterisk/sounds")
    home.write("asterisk.conf", "[directories](!)\nastdatadir => /usr/share/asterisk\n")
    assert sounds_of(home.etc) == Path("/usr/share/asterisk/sounds")
