from __future__ import annotations

import asyncio

import pytest

from textback.doctor.finding import Finding
from textback.doctor.freeswitch.calls import examine_calls
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.tags import read_tags

from .test_queues import want
from .told import House

HOUSE = "xml_locate dialplan context name doctor-test"
SOCKET = '<action application="socket" data="{} async full"></action>'
ASKS = '<action application="transfer" data="textback-ask XML textback"></action>'
QUEUE_NAME = "doctor@test"
QUEUE = '<action application="callcenter" data="doctor@test"></action>'


def found(told: House, *checks: str) -> list[Finding]:
    return [one for one in asyncio.run(told.findings()) if one.check in checks and one.status != "ok"]


def test_a_bare_socket_waits_for_ever_and_one_elsewhere_asks_nobody(told: House) -> None:
    told.change(HOUSE, ASKS, SOCKET.format("127.0.0.1:8084") + '<action application="hangup"></action>')
    (finding,) = found(told, "main/fallback", "main/esl")
    assert finding.status == "warning" and "textback-ask does not" in finding.message
    told.change(HOUSE, "127.0.0.1:8084 async", "127.0.0.1:9 async")
    elsewhere, _ = found(told, "main/fallback", "main/esl")
    assert elsewhere.lines == ('<action application="socket" data="127.0.0.1:8084 async full"/>',)


def test_a_call_that_ends_with_its_hook_is_told(told: House) -> None:
    told.change(HOUSE, ASKS, SOCKET.format("127.0.0.1:8084"))
    (finding,) = found(told, "main/fallback")
    assert finding.status == "failed" and finding.message.endswith("does not answer; then reloadxml")


def test_the_socket_of_somebody_else_is_none_of_ours(told: House) -> None:
    told.change(HOUSE, '<action application="hangup"></action>', SOCKET.format("127.0.0.1:9"))
    assert found(told, "main/fallback", "main/esl") == []


def test_a_key_that_only_the_link_sees_is_a_warning_where_no_queue_tells_of_it(told: House) -> None:
    want(told, 'offer = "announce"', 'offer = "whisper"')
    told.change(HOUSE, '<action application="set" data="cc_exit_keys=5"></action>', "")
    (finding,) = found(told, "main/exit")
    assert finding.status == "warning" and "seen on the link only" in finding.message


@pytest.mark.parametrize("keys", ["53", "*5", "${textback_key}"])
def test_a_line_may_have_more_keys_than_ours(told: House, keys: str) -> None:
    told.change(HOUSE, "cc_exit_keys=5", f"cc_exit_keys={keys}")
    assert found(told, "main/exit") == []


def test_a_queue_that_gives_up_needs_somewhere_to_go_on(told: House) -> None:
    told.change(HOUSE, '<action application="set" data="textback_next=afterwards XML doctor-test"></action>', "")
    assert found(told, "main/fallback") == [], "it waits for ever, and so does the caller"
    name = "xml_locate configuration configuration name callcenter.conf"
    queue = '<queue name="doctor@test">'
    told.change(name, queue, f'{queue}<param name="max-wait-time" value="60"/>')
    (finding,) = found(told, "main/fallback")
    assert finding.status == "warning" and "textback_next is not set" in finding.message


@pytest.mark.parametrize(("context", "status"), [("public", "failed"), ("far", "failed"), ("phones", "warning")])
def test_where_no_caller_arrives_what_fails_is_a_warning(told: House, context: str, status: str) -> None:
    conf = Conf()
    for name, line in {"public": "transfer 1 XML far", "far": "answer", "phones": "answer"}.items():
        application, _, data = (f"callcenter {QUEUE_NAME}" if name == context else line).partition(" ")
        lines = f'<action application="{application}" data="{data}"/><action application="transfer" data="1 XML far"/>'
        lines = lines if name == "public" else lines.partition("/>")[0] + "/>"
        text = f'<context name="{name}"><extension name="a"><condition>{lines}</condition></extension></context>'
        conf.add(read_tags(text).children[0])
    (finding,) = [one for one in examine_calls(told.wanted(), conf, None) if one.check == "main/exit"]
    assert finding.status == status


def test_a_queue_to_which_nothing_leads_is_told_as_not_judged(told: House) -> None:
    told.change(HOUSE, QUEUE, "")
    told.change(HOUSE, '<action application="transfer" data="textback-queue XML textback"></action>', "")
    (finding,) = found(told, "main/calls")
    assert finding.status == "warning" and "not judged" in finding.message
