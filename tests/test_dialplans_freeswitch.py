"""The files for FreeSWITCH as rendered: what a configuration asks for is in them, and nothing in it breaks out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_dialplans import a_second, on_hold
from textback.dialplans import ESL, FREESWITCH_FILES, DialplanError, Reach, Rendered, reach, render_freeswitch
from textback.dialplans.freeswitch_headings import CALLCENTER, DIALPLAN, EVENT_SOCKET, heading
from textback.dialplans.marks import made_for, with_secret_of
from textback.dialplans.names import freeswitch_queue
from textback.practice import Practice
from textback.shipped import package

SHIPPED = {name: (files(package("dialplan")) / "freeswitch" / name).read_text("utf-8") for name in FREESWITCH_FILES}
HERE = reach("main", "127.0.0.1", ("127.0.0.1", 8084), listener=ESL)
QUEUE = "textback/callcenter-{}.xml"


def rendered(*practices: Practice, way: Reach = HERE, only_pbx: bool = True, language: str = "en") -> Rendered:
    return render_freeswitch(SHIPPED, "main", language, way, practices, only_pbx)


def tree(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def shape(text: str) -> list[tuple[str, dict[str, str]]]:
    """All elements with their attributes, in order, without comments."""
    return [(element.tag, dict(element.attrib)) for element in tree(text).iter()]


def settings(*practices: Practice, **more: Any) -> dict[str, str]:
    """What holds for all queues."""
    [extension] = [one for one in tree(rendered(*practices, **more).files[DIALPLAN]).iter("extension")][:1]
    pairs = [one.attrib["data"].partition("=") for one in extension.findall("condition")[1].iter("action")]
    return {name.removeprefix("textback_"): value for name, _, value in pairs}


def queue_settings(*practices: Practice) -> dict[str, list[str]]:
    """What holds for single ones, by the pattern of their names."""
    [extension] = [one for one in tree(rendered(*practices).files[DIALPLAN]).iter("extension")][:1]
    found = [one for one in extension.findall("condition") if one.get("field") == "${textback_queue}"]
    return {one.attrib["expression"]: [action.attrib["data"] for action in one] for one in found}


def params(text: str) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in tree(text).iter("param")}


def test_a_usual_configuration_renders_what_is_shipped() -> None:
    found = rendered(on_hold("support")).files
    for name in (EVENT_SOCKET, DIALPLAN):
        assert shape(found[name]) == shape(SHIPPED[name])
    assert shape(found[QUEUE.format("support")]) == shape(SHIPPED[CALLCENTER])


def test_the_hooks_are_asked_where_they_listen() -> None:
    assert settings(on_hold("support"), way=Reach("10.0.0.9:8090", ()))["esl"] == "10.0.0.9:8090"


@pytest.mark.parametrize("key", list("0123456789*#"))
def test_the_key_of_the_practice_is_the_one_that_ends_the_wait(key: str) -> None:
    found = settings(on_hold("support", key=key))
    assert found["key"] == key
    assert found["prompt"] == {"5": "textback/offer", "*": "textback/offer-star", "#": "textback/offer-pound"}.get(
        key, f"textback/offer-{key}"
    )


def test_a_queue_with_another_key_has_its_own_and_one_without_an_offer_has_none() -> None:
    rules = {"sales@default": {"key": "7"}, "front": {"enabled": False}}
    found = queue_settings(on_hold("support", "sales@default", "front", rules=rules))
    assert found == {
        "^front$": ["textback_key="],
        "^sales@default$": ["textback_key=7", "textback_prompt=textback/offer-7"],
    }


@pytest.mark.parametrize(("after", "seconds"), [("0s", "1"), ("30.5s", "31"), ("2m", "120")])
def test_a_queue_that_announces_says_the_offer_after_as_long_as_the_practice_wants(after: str, seconds: str) -> None:
    assert params(rendered(on_hold("a@b", after=after)).files[QUEUE.format("a@b")]) == {
        "time-base-score": "system",
        "announce-sound": "$${sounds_dir}/en/textback/offer.wav",
        "announce-frequency": seconds,
    }


@pytest.mark.parametrize("offer", ["redirect", "whisper", "none"])
def test_a_queue_in_which_the_daemon_makes_the_offer_keeps_the_place_and_says_nothing(offer: str) -> None:
    assert params(rendered(on_hold("a", offer=offer)).files[QUEUE.format("a")]) == {"time-base-score": "system"}


def test_a_queue_without_an_offer_and_one_of_another_pbx_have_no_file() -> None:
    practices = on_hold("branch/a", "main/b", "c", rules={"c": {"enabled": False}})
    assert sorted(rendered(practices).files) == sorted([*FREESWITCH_FILES, QUEUE.format("b")])


def test_the_prompt_is_in_the_language_of_the_practice_and_of_the_pbx_for_channels_without_one() -> None:
    usual = on_hold("a")
    spanish = usual.model_copy(update={"about": usual.about.model_copy(update={"language": "es-MX"})})
    found = rendered(spanish, language="fr").files
    assert params(found[QUEUE.format("a")])["announce-sound"] == "$${sounds_dir}/es/textback/offer.wav"
    assert params(found[CALLCENTER])["announce-sound"] == "$${sounds_dir}/fr/textback/offer.wav"
    assert 'data="textback_speech=fr"' in found[DIALPLAN]


def test_without_a_practice_that_wants_it_all_is_as_shipped_and_that_is_told() -> None:
    found = rendered()
    assert shape(found.files[DIALPLAN]) == shape(SHIPPED[DIALPLAN])
    assert params(found.files[CALLCENTER]) == {"time-base-score": "system"}
    assert found.remarks == ("no practice has call_to_text on for this PBX, so nothing comes of the key",)


def test_what_may_not_be_meant_is_remarked_on_in_the_file_that_it_concerns() -> None:
    found = rendered(on_hold("support", "main/sales", key="*"), a_second("sales"), only_pbx=False)
    [record, unplaced] = found.remarks
    assert "textback/offer-star is yours to record" in record and record in found.files[DIALPLAN]
    assert unplaced.startswith("support: named without a PBX") and unplaced in found.files[CALLCENTER]


def test_a_daemon_on_another_computer_wants_an_acl() -> None:
    way = reach("main", "10.0.0.5", ("10.0.0.9", 8084), listener=ESL)
    found = rendered(on_hold("a"), way=way)
    assert found.remarks[0].startswith("the daemon comes from 10.0.0.9: let listen-ip be")
    assert found.remarks[0] in found.files[EVENT_SOCKET]


@pytest.mark.parametrize(
    ("listen", "hooks"), [("127.0.0.1", "127.0.0.1:8084"), ("::1", "::1:8084"), ("0.0.0.0", "127.0.0.1:8084")]
)
def test_freeswitch_takes_what_stands_before_the_last_colon_for_the_host(listen: str, hooks: str) -> None:
    assert reach("main", "localhost", (listen, 8084), listener=ESL).hooks == hooks


def test_hooks_that_are_switched_off_are_remarked_on() -> None:
    [off] = reach("main", "127.0.0.1", None, listener=ESL).remarks
    assert "there is no [esl]" in off and "127.0.0.1:8084" in off


HOSTILE = [
    *("a b", 'a"b', "a<b", "a>b", "a&b", "a'b", "${x}", "$${x}", "a/b", "../a", "a\nb", "a|b", "", "x" * 80, "a%b"),
    *("-a", "a--b"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_means_more_in_freeswitchs_files_is_refused(name: str) -> None:
    with pytest.raises(DialplanError, match="^queue: found .*, expected up to 79 letters") as refused:
        freeswitch_queue(name, "queue")
    assert str(refused.value).isprintable()


def test_the_queue_and_the_practice_are_named_when_one_is_refused() -> None:
    with pytest.raises(DialplanError, match='the practice "Riverside", queue: found "a b"'):
        rendered(on_hold("a b"))


@given(st.from_regex(r"[\w.+@-]{1,60}", fullmatch=True))
def test_a_queue_is_itself_alone_and_its_files_can_be_read(name: str) -> None:
    try:
        found = rendered(on_hold(name, rules={name: {"key": "7"}}), a_second("another", key="5")).files
    except DialplanError:
        return
    [pattern] = [one for one in queue_settings(on_hold(name, "another", rules={"another": {"key": "7"}}))]
    assert pattern == "^another$"
    assert all(tree(text) is not None for text in found.values())
    assert re.fullmatch(re.escape(name), name)


@given(st.text(max_size=100))
def test_no_remark_ends_its_comment(remark: str) -> None:
    text = heading(DIALPLAN, [remark]) + "<include/>"
    assert tree(text).tag == "include"


def test_a_file_knows_its_pbx_and_keeps_its_password() -> None:
    text = rendered(on_hold("support")).files[EVENT_SOCKET]
    assert made_for(text) == "main"
    filled = text.replace("change-me", r"s\1e&amp;cret")
    assert made_for(filled) == "main"
    assert with_secret_of(filled, text) == filled
    assert made_for(text.replace("loopback.auto", "any_v4.auto")) is None


@pytest.mark.parametrize("files", [SHIPPED, rendered(on_hold("support@default")).files], ids=["shipped", "rendered"])
def test_no_file_tells_freeswitch_to_include_itself(files: dict[str, str]) -> None:
    """It follows the commands of its preprocessor wherever it finds their name, in comments, too."""
    assert not [name for name, text in files.items() if "x-pre-process" in text.lower()]
    assert "X-NO-PRE-PROCESS" in files[CALLCENTER]
