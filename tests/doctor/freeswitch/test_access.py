from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.pbx.fake_freeswitch import PASSWORD, REJECTION
from textback.doctor.finding import Finding
from textback.doctor.freeswitch import access, examine
from textback.doctor.freeswitch.access import examine_socket
from textback.doctor.freeswitch.conf import read_conf
from textback.doctor.freeswitch.socket_conf import admits
from textback.doctor.visit import Visit
from textback.pbx.errors import Distrusted

from ..house import failures
from .test_conf import folder
from .told import House

SOCKET = """\
<configuration name="event_socket.conf"><settings>
<param name="listen-port" value="{port}"/>
<param name="password" value="{password}"/>
{more}
</settings></configuration>"""
ACL = '<param name="apply-inbound-acl" value="{}"/>'


def files(path: Path, port: int = 8021, password: str = PASSWORD, more: str = "", **others: str) -> Path:
    text = SOCKET.format(port=port, password=password, more=more)
    return folder(path / "conf", autoload_configs__event_socket=text, **others)


def kept_out(told: House, conf: Path | None, greeting: bytes | None = None, password: str = PASSWORD) -> Finding:
    """The first finding at a FreeSWITCH that lets nobody in."""

    async def ask() -> list[Finding]:
        async with told.freeswitch() as pbx:
            pbx.greeting = greeting or pbx.greeting
            told.toml = told.toml.replace(f'secret = "{PASSWORD}"', f'secret = "{password}"')
            return [finding async for finding in examine(told.wanted(pbx.port), Visit(files=conf))]

    found = asyncio.run(ask())
    assert password not in repr(found) or password == PASSWORD
    return found[0]


def test_a_wrong_password_is_told_without_either(told: House, tmp_path: Path) -> None:
    finding = kept_out(told, files(tmp_path, password="the-right-one"), password="a-wrong-one")
    assert finding.check == "main/login" and "another one than in textback.toml" in finding.message
    assert finding.lines == ('<param name="password" value="change-me"/>',) and "the-right-one" not in repr(finding)


def test_a_password_that_was_not_loaded_is_to_be_reloaded(told: House, tmp_path: Path) -> None:
    finding = kept_out(told, files(tmp_path, password="new"), password="new")
    assert finding.lines == ("fs_cli -x reloadxml", 'fs_cli -x "reload mod_event_socket"')


def test_without_files_a_wrong_password_is_told_with_the_line(told: House) -> None:
    finding = kept_out(told, None, password="a-wrong-one")
    assert finding.file == "autoload_configs/event_socket.conf.xml, last in <settings>"


def test_who_is_shut_out_gets_the_line_that_lets_them_in_and_nobody_out(told: House, tmp_path: Path) -> None:
    finding = kept_out(told, files(tmp_path, more=ACL.format("10.1.0.0/16")), REJECTION)
    assert (finding.check, finding.lines) == ("main/acl", (ACL.format("10.1.0.0/16,127.0.0.1/32"),))
    assert finding.replaces == (ACL.format("10.1.0.0/16"),) and "10.1.0.0/16 of apply-inbound-acl" in finding.message


def test_who_is_shut_out_though_the_files_say_otherwise_is_told_to_reload_them(told: House, tmp_path: Path) -> None:
    assert "fs_cli -x reloadacl" in kept_out(told, files(tmp_path), REJECTION).lines


def test_a_certificate_that_has_expired_is_no_wrong_password(told: House) -> None:
    says = "cannot connect to pbx.example.com:8021: its certificate has expired"
    (finding,) = access.kept_out(told.wanted(8021), None, Distrusted(says), None)
    assert (finding.check, finding.message, finding.lines) == ("main/tls", says, ())


def unreached(told: House, conf: Path | None) -> Finding:
    async def ask() -> list[Finding]:
        return [finding async for finding in examine(told.wanted(1), Visit(files=conf))]

    return asyncio.run(ask())[0]


def test_a_port_that_is_another_one_is_told(told: House, tmp_path: Path) -> None:
    finding = unreached(told, files(tmp_path, port=8033))
    assert (finding.lines, finding.file) == (("port = 8033",), "textback.toml, [[pbx]] main")


def test_a_module_that_is_not_loaded_is_told(told: House, tmp_path: Path) -> None:
    modules = '<configuration name="modules.conf"><modules><load module="mod_sofia"/></modules></configuration>'
    finding = unreached(told, files(tmp_path, port=1, autoload_configs__m=modules))
    assert finding.lines == ('<load module="mod_event_socket"/>',)


def test_one_that_is_not_running_is_to_be_started(told: House, tmp_path: Path) -> None:
    assert unreached(told, files(tmp_path, port=1)).lines[0] == "systemctl start freeswitch"
    assert '<param name="listen-port" value="1"/>' in unreached(told, None).lines


def test_a_socket_that_is_open_to_everybody_is_warned_of(told: House, tmp_path: Path) -> None:
    listen = '<param name="listen-ip" value="0.0.0.0"/>'
    conf = read_conf(files(tmp_path, password="ClueCon", more=listen + ACL.format("any_v4.auto")))
    found = list(examine_socket(told.wanted(), conf))
    assert [finding.status for finding in found] == ["warning", "warning"] and failures(found) == []


LISTS = """\
<configuration name="acl.conf"><network-lists>
<list name="house" default="deny"><node type="allow" cidr="10.1.0.0/16"/><node type="deny" cidr="10.1.9.0/24"/></list>
<list name="open" default="allow"><node type="deny" host="192.0.2.7"/></list>
<list name="domains" default="deny"><node type="allow" domain="example.org"/></list>
</network-lists></configuration>"""


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("loopback.auto", "127.0.0.1", True), ("loopback.auto", "10.1.2.3", False), ("rfc1918.auto", "10.1.2.3", True),
        ("localnet.auto", "10.1.2.3", None), ("any_v4.auto", "192.0.2.1", True),
        ("192.0.2.1/32,10.0.0.0/8", "10.1.2.3", True), ("house", "10.1.2.3", True), ("house", "10.1.9.3", False),
        ("house", "10.2.0.1", False), ("open", "10.2.0.1", True), ("open", "192.0.2.7", False),
        ("domains", "10.1.2.3", None), ("missing", "127.0.0.1", False), ("house", "::1", False),
    ],
)  # fmt: skip
def test_lists_let_in_whom_freeswitch_would(tmp_path: Path, name: str, address: str, expected: bool | None) -> None:
    assert admits(read_conf(folder(tmp_path, autoload_configs__acl=LISTS)), name, address) is expected
