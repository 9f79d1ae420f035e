from __future__ import annotations

import asyncio

import pytest

from textback.doctor.finding import Finding
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.profiles import Profile, profiles_of
from textback.doctor.freeswitch.tags import read_tags
from textback.doctor.freeswitch.trunks import examine_trunks, outside

from ..house import failures
from .told import House

STATUS = "sofia xmlstatus"
GATEWAY = "<gateway><name>trunk::carrier</name><type>gateway</type><data>sip:x</data><state>REGED</state></gateway>"


def trunks(told: House, *patterns: str) -> list[Finding]:
    told.toml = told.toml.replace('trunks = ["sofia/trunk/*"]', f"trunks = {list(patterns)}".replace("'", '"'))
    return [one for one in asyncio.run(told.findings()) if one.check == "main/trunks"]


@pytest.mark.parametrize("pattern", ["sofia/trunk/*", "sofia/tr*", "sofia/*/*@192.0.2.9", "sofia/trunk/sip:*"])
def test_a_pattern_that_matches_a_profile_is_right(told: House, pattern: str) -> None:
    assert trunks(told, pattern)[0].status == "ok"


def test_a_pattern_of_something_else_cannot_be_judged(told: House) -> None:
    assert trunks(told, "verto.rtc/*")[0].status == "skipped"


def test_the_profile_that_is_meant_is_suggested(told: House) -> None:
    assert trunks(told, "sofia/trnk/*")[0].lines == ('trunks = ["sofia/trunk/*"]',)
    assert trunks(told, "sofia/carrier/*")[0].lines == ('trunks = ["sofia/trunk/*"]',)


def test_a_gateway_is_none_but_the_profile_is_that_has_it(told: House) -> None:
    told.change(STATUS, "</profiles>", f"{GATEWAY}</profiles>")
    finding = trunks(told, "sofia/gateway/carrier/*")[0]
    assert "not after the gateway" in finding.message and finding.lines == ('trunks = ["sofia/trunk/*"]',)


def test_a_profile_that_is_down_is_to_be_started(told: House) -> None:
    told.answers[STATUS] = told.answers[STATUS].replace("RUNNING (0)", "DOWN")
    (finding,) = failures(trunks(told, "sofia/trunk/*"))
    assert finding.lines == ('fs_cli -x "sofia profile trunk start"',)


def test_a_profile_that_is_written_down_and_does_not_run_is_to_be_started(told: House) -> None:
    answer = told.answers[STATUS]
    told.answers[STATUS] = answer[: answer.index("<profile>")] + answer[answer.index("</profile>") + 10 :]
    assert trunks(told, "sofia/trunk/*")[0].lines == ('fs_cli -x "sofia profile trunk start"',)


def test_a_profile_that_takes_no_digits_is_told(told: House) -> None:
    told.change("sofia xmlstatus profile trunk", "<dtmf-mode>rfc2833<", "<dtmf-mode>none<")
    (finding,) = failures(trunks(told, "sofia/trunk/*"))
    assert finding.lines == ('<param name="dtmf-type" value="rfc2833"/>',)


def test_a_context_in_which_callers_arrive_unnoticed_is_told(told: House) -> None:
    told.toml = told.toml.replace('["public", "doctor-test"]', '["doctor-test"]')
    (finding,) = failures(asyncio.run(told.findings()))
    assert finding.lines == ('inbound_contexts = ["doctor-test", "public"]',)


def test_phones_that_are_taken_for_callers_are_warned_of(told: House) -> None:
    told.toml = told.toml.replace('inbound_contexts = ["public", "doctor-test"]', "")
    told.toml = told.toml.replace("sofia/trunk/*", "sofia/*")
    found = list(examine_trunks(told.wanted(), Conf(), None))
    assert found[0].status == "skipped"
    warned = [one for one in asyncio.run(told.findings()) if one.check == "main/trunks" and one.status == "warning"]
    assert warned[0].lines == ('trunks = ["sofia/trunk/*"]',)


def test_profiles_are_read_with_their_gateways() -> None:
    status = "<profiles><profile><name>a</name><type>profile</type><state>RUNNING (0)</state></profile>" + GATEWAY
    found = profiles_of(read_tags(f"{status}</profiles>"))
    assert [(one.name, one.is_gateway) for one in found] == [("a", False), ("trunk::carrier", True)]


def test_what_looks_like_a_trunk_is_told_by_its_context_else_by_its_name() -> None:
    named = [Profile("internal", context="default"), Profile("external", context="elsewhere")]
    assert [one.name for one in outside(named)] == ["external"]
    assert [one.name for one in outside([*named, Profile("x", context="public")])] == ["x"]
