from __future__ import annotations

import asyncio

from textback.doctor.finding import Finding
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.hooks import examine_hooks
from textback.doctor.freeswitch.settings import settings_for
from textback.doctor.freeswitch.tags import read_tags
from textback.dialplans.freeswitch_headings import DIALPLAN

from ..house import failures, statuses
from .test_queues import want
from .told import House

TEXTBACK = "xml_locate dialplan context name textback"
TWO = """
[[line]]
name = "Billing"
number = "+12025550101"
queues = ["short@default"]

[call_to_text.queue."short@default"]
key = "8"
"""


def found(told: House) -> list[Finding]:
    return asyncio.run(told.findings())


def two_keys(told: House) -> Conf:
    """Two queues with a key of their own each, rendered so."""
    path = told.folder / "practice.toml"
    path.write_text(path.read_text() + TWO)
    rendered = told.wanted().rendered
    assert rendered
    conf = Conf(variables={})
    for node in read_tags(rendered.files[DIALPLAN], DIALPLAN).walk():
        if node.tag == "context":
            conf.add(node)
    return conf


def test_each_queue_has_its_own_key(told: House) -> None:
    conf = two_keys(told)
    for queue, key in (("doctor@test", "5"), ("short@default", "8"), ("", "5")):
        settings = settings_for(conf, queue)
        assert settings and settings.get("textback_key") == key
    assert set(statuses(examine_hooks(told.wanted(), conf, True)).values()) == {"ok"}


def test_a_queue_whose_key_the_dialplan_does_not_know_gets_its_condition(told: House) -> None:
    conf = two_keys(told)
    (extension,) = [one for one in conf.contexts["textback"].children if one.get("name") == "textback-settings"]
    extension.children = [one for one in extension.children if one.get("field") != "${textback_queue}"]
    (finding,) = failures(examine_hooks(told.wanted(), conf, True))
    assert finding.lines[0] == '<condition field="${textback_queue}" expression="^short@default$" break="never">'
    assert '  <action application="set" data="textback_key=8"/>' in finding.lines


def test_a_prompt_of_the_houses_own_may_take_the_place_of_ours(told: House) -> None:
    told.answers[TEXTBACK] = told.answers[TEXTBACK].replace("/textback/confirmed.wav", "/house/thanks.wav")
    assert failures(found(told)) == []


def test_without_call_to_text_nothing_of_ours_has_to_be_there(told: House) -> None:
    want(told, "enabled = true", "enabled = false")
    told.answers[TEXTBACK] = "can't find anything\n"
    assert failures(found(told)) == []


def test_a_second_daemon_behind_a_bar_is_as_good_as_the_first(told: House) -> None:
    told.change(TEXTBACK, "textback_esl=127.0.0.1:8084", "textback_esl=10.1.0.2:8084|127.0.0.1:8084")
    assert failures(found(told)) == []


def test_a_context_of_that_name_in_two_files_is_told(told: House) -> None:
    conf = two_keys(told)
    conf.add(read_tags('<context name="textback"/>', "dialplan/textback-old.xml").children[0])
    said = failures(examine_hooks(told.wanted(), conf, True))[0].message
    assert said.startswith("dialplan/textback.xml and dialplan/textback-old.xml both have the context textback")


def test_an_address_that_cannot_be_rendered_is_the_finding(told: House) -> None:
    told.toml = told.toml.replace('host = "127.0.0.1"', 'host = "192.0.2.1"')
    said = failures(examine_hooks(told.wanted(), Conf(), False))[0].message
    assert "say --address" in said
