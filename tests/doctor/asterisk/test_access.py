from __future__ import annotations

import pytest

from textback.doctor.asterisk.access import kept_out, let_in
from textback.doctor.asterisk.look import Look
from textback.doctor.finding import SHELL, Finding
from textback.pbx.errors import Distrusted, LinkError

from ..house import House, failures, statuses

REFUSED = LinkError("the PBX refuses the AMI user 'tb': Authentication failed", permanent=True)


def refused(home: House, address: str = "127.0.0.1") -> Finding:
    (finding,) = kept_out(home.wanted, home.etc, REFUSED, address)
    return finding


def test_the_version_is_told_by_the_pbx_or_by_its_greeting(home: House) -> None:
    assert statuses(let_in(home.wanted, Look(banner="11.0.0", version=(22, 1))))["main/version"] == "ok"
    assert statuses(let_in(home.wanted, Look(banner="5.0.4")))["main/version"] == "ok"
    assert statuses(let_in(home.wanted, Look(banner="2.10.6", version=(13, 38))))["main/version"] == "failed"
    assert statuses(let_in(home.wanted, Look(banner="4.0.3")))["main/version"] == "failed"


def test_a_link_to_another_computer_should_be_encrypted(home: House) -> None:
    assert "main/tls" not in statuses(let_in(home.wanted, Look(banner="11.0.0")))
    home.change("textback.toml", 'host = "127.0.0.1"', 'host = "10.0.0.5"')
    assert statuses(let_in(home.wanted, Look(banner="11.0.0")))["main/tls"] == "warning"


def test_a_wrong_secret_is_told_without_either(home: House) -> None:
    home.change("manager.conf", "secret = hush-hush", "secret = quiet-quiet")
    found = refused(home)
    assert "secret of tb in manager.conf is another" in found.message
    assert "hush" not in repr(found) and "quiet" not in repr(found)


def test_an_unknown_user_gets_a_whole_section_with_a_secret_to_fill_in(home: House) -> None:
    home.change("manager.conf", "[tb]", "[somebody]")
    found = refused(home)
    assert found.lines[:2] == ("[tb]", "secret = change-me") and "write = call,agent,reporting" in found.lines
    assert "hush" not in repr(found)


def test_an_address_that_is_not_permitted_is_named(home: House) -> None:
    assert refused(home, "10.0.0.7").lines == ("[tb](+)", "permit = 10.0.0.7/255.255.255.255")


def test_what_is_right_in_the_file_was_not_reloaded(home: House) -> None:
    assert refused(home).file == SHELL


def test_without_files_all_three_reasons_are_told(home: House) -> None:
    (found,) = kept_out(home.wanted, None, REFUSED)
    assert "wrong secret, an unknown user and a refused address" in found.message and found.lines[0] == "[tb]"


CLOSED = LinkError("cannot connect to 127.0.0.1:5038: connection refused")


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("enabled = yes", "enabled = no", ("[general](+)", "enabled = yes", "port = 5038", "bindaddr = 127.0.0.1")),
        ("port = 5038", "port = 5039", ("port = 5039",)),
    ],
)
def test_a_port_where_nobody_listens_is_opened_or_named(
    home: House, old: str, new: str, lines: tuple[str, ...]
) -> None:
    home.change("manager.conf", old, new)
    (found,) = failures(kept_out(home.wanted, home.etc, CLOSED))
    assert (found.check, found.lines) == ("main/connect", lines) and "connection refused" in found.message


def test_a_certificate_that_has_expired_is_no_wrong_secret(home: House) -> None:
    says = "cannot connect to pbx.example.com:5039: its certificate has expired"
    (found,) = failures(kept_out(home.wanted, home.etc, Distrusted(says)))
    assert (found.check, found.message, found.lines) == ("main/tls", says, ())


def test_tls_wants_a_certificate_that_is_trusted(home: House) -> None:
    home.change("textback.toml", "port = 5038", "port = 5039\ntls = true")
    (found,) = failures(kept_out(home.wanted, home.etc, LinkError("cannot connect: certificate verify failed")))
    assert "tlsenable = yes" in found.lines and "tls_ca" in found.message
