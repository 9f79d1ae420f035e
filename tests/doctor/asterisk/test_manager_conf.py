from __future__ import annotations

from pathlib import Path

import pytest

from textback.doctor.asterisk.confs import read_conf
from textback.doctor.asterisk.manager_conf import ManagerUser, channelvars, classes, user_of


def user(folder: Path, text: str) -> ManagerUser | None:
    (folder / "manager.conf").write_text(text)
    conf = read_conf(folder, "manager.conf")
    assert conf is not None
    return user_of(conf, "tb")


def test_what_stands_last_holds_and_templates_count(tmp_path: Path) -> None:
    text = "[base](!)\nread = call\nwrite = call\n[tb](base)\nsecret = s\n[tb](+)\nread = call, Agent\n"
    found = user(tmp_path, text)
    assert found and (found.read, found.write, found.secret) == ({"call", "agent"}, {"call"}, "s")


def test_somebody_else_is_not_the_user(tmp_path: Path) -> None:
    assert user(tmp_path, "[general]\n[other]\nread = all\n") is None


def test_all_is_every_class() -> None:
    assert {"system", "call", "agent", "dtmf", "dialplan", "reporting", "originate"} <= classes("all")
    assert classes(None) == frozenset()


@pytest.mark.parametrize(
    ("rules", "admitted"),
    [
        ("", True),
        ("deny = 0.0.0.0/0.0.0.0\n", False),
        ("deny = 0.0.0.0/0\npermit = 10.1.0.0/16\n", True),
        ("permit = 10.1.0.0/255.255.0.0\ndeny = 0.0.0.0/0.0.0.0\n", False),
        ("deny = 0.0.0.0/0.0.0.0\ndeny = ::/::\npermit = 10.2.0.0/16,10.1.2.3\n", True),
        ("deny = ::/0\n", True),
        ("permit = nonsense\n", None),
    ],
)
def test_the_last_rule_that_fits_an_address_holds(tmp_path: Path, rules: str, admitted: bool | None) -> None:
    found = user(tmp_path, f"[tb]\n{rules}")
    assert found and found.admits("10.1.2.3") is admitted


def test_a_filter_in_the_newer_syntax_is_told_apart(tmp_path: Path) -> None:
    found = user(tmp_path, "[tb]\neventfilter(action(exclude),name(RTCPSent)) =\neventfilter = !^Event: X\n")
    assert found and len(found.unjudged) == 1 and [one.text for one in found.filters] == ["!^Event: X"]


def test_the_variables_of_channels_are_read_from_the_general_section(tmp_path: Path) -> None:
    user(tmp_path, "[general]\nchannelvars = FROM_DID, CALLERID(pres)\n")
    conf = read_conf(tmp_path, "manager.conf")
    assert conf and channelvars(conf) == ["FROM_DID", "CALLERID(pres)"]
