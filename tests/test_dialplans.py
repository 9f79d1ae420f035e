"""The dialplan as rendered: what a configuration asks for is in it, and nothing in a configuration breaks out of it."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.practices import document, practice
from textback.dialplans import FILES, DialplanError, Reach, Rendered, reach, render
from textback.dialplans.headings import EXTENSIONS, MANAGER, QUEUES
from textback.dialplans.keys import SHIPPED_KEY
from textback.dialplans.marks import made_for, marked, with_secret_of
from textback.dialplans.names import comment, section
from textback.dialplans.wishes import wishes_for
from textback.practice import Practice, read_practice
from textback.shipped import package

SHIPPED = {name: (files(package("dialplan")) / "asterisk" / name).read_text("utf-8") for name in FILES}
HERE = reach("main", "127.0.0.1", ("127.0.0.1", 4573))


def on_hold(*queues: str, rules: dict[str, Any] | None = None, **call_to_text: Any) -> Practice:
    """A practice with these queues; ``rules`` are those of [call_to_text.queue.NAME]."""
    line = {"name": "Front desk", "number": "+12025550100", "queues": list(queues)}
    wanted = {"enabled": True, "message": {"en": "{practice} here"}, **call_to_text, "queue": rules or {}}
    return practice(line=[line], call_to_text=wanted)


def a_second(*queues: str, **call_to_text: Any) -> Practice:
    """Another practice, which takes only the calls in these queues."""
    changed = document(practice__name="Grove", practice__default=False)
    changed["line"] = [{"name": "Desk", "number": "+12025550101", "queues": list(queues)}]
    changed["call_to_text"] |= call_to_text
    return read_practice(changed)


def rendered(
    *practices: Practice, pbx: str = "main", way: Reach = HERE, user: str = "textback", only_pbx: bool = True
) -> Rendered:
    return render(SHIPPED, pbx, user, way, practices, only_pbx)


def sections(text: str) -> dict[str, list[str]]:
    """Lines by section, as Asterisk reads them: without comments."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        line = line.partition(";")[0].strip()
        if line.startswith("["):
            name = line
            found[name] = []
        elif line:
            found[name].append(line)
    return found


def queue_sections(*practices: Practice, **more: Any) -> dict[str, list[str]]:
    return sections(rendered(*practices, **more).files[QUEUES])


def dialplan(*practices: Practice, **more: Any) -> dict[str, list[str]]:
    return sections(rendered(*practices, **more).files[EXTENSIONS])


def user(*practices: Practice, **more: Any) -> dict[str, list[str]]:
    return sections(rendered(*practices, **more).files[MANAGER])


# -- the dialplan ----------------------------------------------------------------------------------------------------


def test_a_usual_configuration_renders_what_is_shipped() -> None:
    for name in (EXTENSIONS, MANAGER):
        assert sections(rendered(on_hold("support")).files[name]) == sections(SHIPPED[name])


def test_the_hooks_are_asked_where_they_listen_and_there_is_no_second_daemon() -> None:
    settings = dialplan(on_hold("support"), way=Reach("agi://10.0.0.9:4600", ()))["[textback-settings]"]
    assert settings[0] == "exten => s,1,Set(TEXTBACK_AGI=agi://10.0.0.9:4600)"
    assert "same => n,Set(TEXTBACK_AGI_2=)" in settings


@pytest.mark.parametrize("key", list("0123456789*#"))
def test_the_key_of_the_practice_is_the_one_that_does_something(key: str) -> None:
    found = dialplan(on_hold("support", key=key))
    assert [line for line in found["[textback-keys]"] if line.startswith("exten")] == [
        f"exten => {key},1,Gosub(textback-settings,s,1)"
    ]
    assert f"[{key}" not in "".join(found)
    assert queue_sections(on_hold("support", key=key))["[support](+)"][0] == "context = textback-keys"


def test_each_of_several_keys_has_an_extension_and_no_queue_takes_that_of_another() -> None:
    practices = on_hold("support", key="5"), a_second("front", key="#")
    found = dialplan(*practices)
    assert re.findall(r"exten => (.),1,Gosub", "\n".join(found["[textback-keys]"])) == ["5", "#"]
    assert found["[textback-keys]"].count("same => n,Goto(textback-confirm,told,1)") == 2
    assert found["[textback-keys-pound]"] == ["include => textback-hangup", "exten => #,1,Goto(textback-keys,#,1)"]
    queues = queue_sections(*practices)
    assert queues["[support](+)"][0] == "context = textback-keys-5"
    assert queues["[front](+)"][0] == "context = textback-keys-pound"
    contexts = {line.partition(" = ")[2] for lines in queues.values() for line in lines if line.startswith("context")}
    assert {f"[{context}]" for context in contexts} <= set(found)


def test_the_daemons_own_offer_says_the_key_of_the_queue() -> None:
    rules = {"sales": {"key": "7"}, "front": {"key": "7", "enabled": False}}
    settings = dialplan(on_hold("support", "sales", "front", offer="redirect", rules=rules))["[textback-settings]"]
    assert [line for line in settings if "PROMPT" in line] == [
        "same => n,Set(TEXTBACK_PROMPT=textback/offer)",
        'same => n,ExecIf($["${TEXTBACK_QUEUE}" = "sales"]?Set(TEXTBACK_PROMPT=textback/offer-7))',
    ]


def test_another_key_than_the_shipped_one_wants_a_prompt_of_its_own() -> None:
    found = rendered(on_hold("support", key="*"))
    assert "periodic-announce = textback/offer-star" in sections(found.files[QUEUES])["[support](+)"]
    [remark] = found.remarks
    assert 'textback/offer-star is yours to record, once for each language: "press *"' in remark
    assert remark in found.files[EXTENSIONS]
    assert rendered(on_hold("support", key=SHIPPED_KEY)).remarks == ()


# -- the queues ------------------------------------------------------------------------------------------------------


def test_a_queue_that_announces_says_the_offer_after_as_long_as_the_practice_wants() -> None:
    assert queue_sections(on_hold("support", after="45s"))["[support](+)"] == [
        "context = textback-keys",
        "periodic-announce = textback/offer",
        "periodic-announce-frequency = 45",
        "announce-to-first-user = yes",
    ]


@pytest.mark.parametrize(("after", "seconds"), [("0s", 1), ("0.2s", 1), ("30.5s", 31), ("2m", 120)])
def test_the_time_is_told_in_whole_seconds_of_which_none_would_switch_it_off(after: str, seconds: int) -> None:
    assert f"periodic-announce-frequency = {seconds}" in queue_sections(on_hold("a", after=after))["[a](+)"]


@pytest.mark.parametrize("offer", ["redirect", "whisper", "none"])
def test_a_queue_in_which_the_daemon_makes_the_offer_has_the_key_alone(offer: str) -> None:
    assert queue_sections(on_hold("support", offer=offer)) == {"[support](+)": ["context = textback-keys"]}


def test_each_queue_has_its_own_rules() -> None:
    found = queue_sections(on_hold("a", "main/b", "c", rules={"b": {"after": "2m"}, "c": {"enabled": False}}))
    assert "periodic-announce-frequency = 30" in found["[a](+)"]
    assert "periodic-announce-frequency = 120" in found["[b](+)"]
    assert "[c](+)" not in found


def test_a_queue_of_another_pbx_is_not_there() -> None:
    found = queue_sections(on_hold("branch/a", "main/b"), on_hold("branch/c"))
    assert [name for name in found if "+" in name] == ["[b](+)"]


def test_who_names_a_queue_with_its_pbx_has_it_there() -> None:
    found = rendered(on_hold("main/support", after="40s"), a_second("support", after="50s"))
    assert "periodic-announce-frequency = 40" in sections(found.files[QUEUES])["[support](+)"]
    assert "; Riverside: offer" in found.files[QUEUES]
    assert "frequency = 50" not in found.files[QUEUES]


def test_a_queue_that_only_the_rules_name_has_them() -> None:
    found = queue_sections(on_hold(rules={"support": {"after": "50s"}, "branch/sales": {"after": "60s"}}))
    assert [name for name in found if "+" in name] == ["[support](+)"]
    assert "periodic-announce-frequency = 50" in found["[support](+)"]
    rules = {"sales": {"after": "60s"}}
    assert "[sales](+)" not in queue_sections(on_hold("branch/sales", rules=rules))


def test_queues_that_nobody_names_have_a_template_if_their_callers_are_somebodys() -> None:
    found = queue_sections(on_hold(after="50s"))
    assert list(found) == ["[textback-offer](!)"]
    assert "periodic-announce-frequency = 50" in found["[textback-offer](!)"]
    assert queue_sections(a_second()) == {}
    assert "no practice names a queue" in rendered(a_second()).files[QUEUES]


def test_without_a_practice_that_wants_it_all_is_as_shipped_and_that_is_told() -> None:
    for practices in ((), (on_hold("support", enabled=False),)):
        found = rendered(*practices)
        assert sections(found.files[EXTENSIONS]) == sections(SHIPPED[EXTENSIONS])
        assert sections(found.files[QUEUES]) == {}
        assert "no practice has call_to_text on" in found.remarks[0]


def test_an_offer_every_few_seconds_is_remarked_on() -> None:
    [remark] = rendered(on_hold("support", after="5s")).remarks
    assert "support will hear the offer every 5 s" in remark
    assert rendered(on_hold("support", after="5s", offer="whisper")).remarks == ()


def test_a_queue_without_its_pbx_is_remarked_on_where_there_are_several() -> None:
    practices = on_hold("support", "main/sales"), a_second("sales")
    assert rendered(*practices).remarks == ()
    [remark] = rendered(*practices, only_pbx=False).remarks
    assert remark.startswith("support: named without a PBX") and '"main/support"' in remark


# -- the daemon's user -----------------------------------------------------------------------------------------------


def test_the_user_has_the_configured_name_the_networks_and_a_placeholder_for_a_secret() -> None:
    way = Reach("agi://10.0.0.9:4573", ("10.0.0.9/255.255.255.255", "fd00::9/128"))
    found = user(on_hold("support"), way=way, user="text.back")["[text.back]"]
    assert found[0] == "secret = change-me"
    assert [line for line in found if line.startswith(("deny", "permit"))] == [
        "deny = 0.0.0.0/0.0.0.0",
        "deny = ::/0",
        "permit = 10.0.0.9/255.255.255.255",
        "permit = fd00::9/128",
    ]


def test_only_a_whisper_needs_the_right_to_originate() -> None:
    def rights(*practices: Practice) -> str:
        [write] = [line for line in user(*practices)["[textback]"] if line.startswith("write")]
        return write

    usual = "write = call,agent,reporting"
    assert rights(on_hold("a", offer="redirect")) == usual
    assert rights(on_hold("a", rules={"a": {"offer": "whisper"}})) == usual + ",originate"
    assert rights(on_hold("a", rules={"a": {"offer": "whisper", "enabled": False}})) == usual
    assert rights(on_hold("a"), a_second("branch/b", offer="whisper")) == usual
    assert rights(on_hold("a"), a_second("b", offer="whisper")) == usual + ",originate"
    assert rights(on_hold(offer="whisper")) == usual + ",originate"


# -- the way between the two -----------------------------------------------------------------------------------------

V4, V6 = "127.0.0.1/255.255.255.255", "::1/128"


@pytest.mark.parametrize(
    ("pbx_host", "listen", "here", "agi", "permits"),
    [
        ("127.0.0.1", "127.0.0.1", None, "127.0.0.1", (V4,)),
        ("localhost", "127.0.0.1", None, "127.0.0.1", (V4, V6)),
        ("::1", "::", None, "[::1]", (V6,)),
        ("127.0.0.1", "::", None, "[::1]", (V4,)),
        ("127.0.0.1", "0.0.0.0", None, "127.0.0.1", (V4,)),
        ("::1", "0.0.0.0", None, "127.0.0.1", (V6,)),
        ("127.0.0.1", "localhost", None, "localhost", (V4,)),
        ("127.0.0.1", "10.0.0.9", None, "10.0.0.9", (V4,)),
        ("10.0.0.5", "10.0.0.9", None, "10.0.0.9", ("10.0.0.9/255.255.255.255",)),
        ("pbx.lan", "fd00::9", None, "[fd00::9]", ("fd00::9/128",)),
        ("10.0.0.5", "0.0.0.0", "10.0.0.9", "10.0.0.9", ("10.0.0.9/255.255.255.255",)),
        ("10.0.0.5", "hooks.lan", "10.0.0.9", "10.0.0.9", ("10.0.0.9/255.255.255.255",)),
        ("10.0.0.5", "10.0.0.9", "192.0.2.1", "192.0.2.1", ("192.0.2.1/255.255.255.255",)),
        ("127.0.0.1", "0.0.0.0", "172.17.0.1", "172.17.0.1", ("172.17.0.1/255.255.255.255",)),
    ],
)
def test_pbx_and_daemon_reach_each_other(
    pbx_host: str, listen: str, here: str | None, agi: str, permits: tuple[str, ...]
) -> None:
    assert reach("main", pbx_host, (listen, 4573), here) == Reach(f"agi://{agi}:4573", permits)


@pytest.mark.parametrize("listen", [("127.0.0.1", 4573), ("0.0.0.0", 4573), ("hooks.lan", 4573), None])
def test_where_a_pbx_elsewhere_sees_us_is_not_guessed(listen: tuple[str, int] | None) -> None:
    with pytest.raises(DialplanError, match=r"main is on another computer \(10\.0\.0\.5\): say --address"):
        reach("main", "10.0.0.5", listen)


def test_hooks_that_cannot_be_reached_are_remarked_on() -> None:
    [off] = reach("main", "127.0.0.1", None).remarks
    assert "there is no [agi]" in off and "127.0.0.1:4573" in off
    [hidden] = reach("main", "10.0.0.5", ("127.0.0.1", 4573), "10.0.0.9").remarks
    assert "agi.listen is 127.0.0.1, where main at 10.0.0.5 cannot reach it" in hidden


def test_a_port_that_is_any_free_one_cannot_be_named() -> None:
    with pytest.raises(DialplanError, match="agi.listen: found port 0"):
        reach("main", "127.0.0.1", ("127.0.0.1", 0))


# -- nothing breaks out ----------------------------------------------------------------------------------------------

HOSTILE = [
    "a]b", "a[b", "a;b", "a\nb", "a\rb", "a\\", 'a"b', "${SHELL(id)}", "$[1]", "a,b", "a(b)", "a=b", "a?b", "a:b",
    "a{b", "a>b", "a|b", "#exec", "a\u2028b", " a", "a ", "", "x" * 80, "é" * 40,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_means_more_in_asterisks_files_is_refused(name: str) -> None:
    with pytest.raises(DialplanError, match="^queue: found .*, expected up to 79 letters") as refused:
        section(name, "queue")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["general", "General", "textback-offer"])
def test_a_name_that_is_something_else_there_is_refused(name: str) -> None:
    with pytest.raises(DialplanError, match="which is something else"):
        section(name, "queue")


@pytest.mark.parametrize("name", ["support", "600", "Main Desk", "a.b-c_d+e@f", "Zürich", "日本", "Q&A", "x" * 79])
def test_a_usual_name_stands_as_it_is(name: str) -> None:
    assert section(name, "queue") == name


def test_the_queue_and_the_practice_are_named_when_one_is_refused() -> None:
    with pytest.raises(DialplanError, match='the practice "Riverside", queue: found "a]b"'):
        rendered(on_hold("a]b"))
    with pytest.raises(DialplanError, match="main: username: found "):
        rendered(on_hold("a"), user="a]\n[general]")
    with pytest.raises(DialplanError, match="agi.listen: found "):
        reach("main", "127.0.0.1", ("a;b)", 4573))


@given(st.text(max_size=100))
def test_whatever_a_practice_is_called_the_lines_are_the_same(name: str) -> None:
    assert "\n" not in comment(name) and len(comment(name).splitlines()) <= 1
    assert sections(f"; {comment(name)}\n[a]\nb = c") == {"[a]": ["b = c"]}


@given(st.text(max_size=100))
def test_a_name_is_refused_or_one_section(name: str) -> None:
    try:
        text = f"[{section(name, 'queue')}](+)"
    except DialplanError:
        return
    assert re.fullmatch(r'\[[^\[\]";$\\,(){}\n\r]+\]\(\+\)', text)


# -- the first line --------------------------------------------------------------------------------------------------


def test_a_file_knows_its_pbx_and_whether_it_was_changed() -> None:
    text = rendered(on_hold("support")).files[MANAGER]
    assert made_for(text) == "main"
    assert made_for(text.replace("secret = change-me", "secret = a;b \\1")) == "main"
    for changed in (text + "\n", text.replace("write = call", "write = system,call"), text.partition("\n")[2], ""):
        assert made_for(changed) is None


def test_every_file_is_marked_and_the_same_each_time() -> None:
    first, second = (rendered(on_hold("support"), pbx="hq.1").files for _ in range(2))
    assert first == second
    assert {made_for(text) for text in first.values()} == {"hq.1"}


def test_a_secret_that_was_filled_in_stays() -> None:
    before, after = (marked(f"[a]\nsecret = change-me\nwrite = {rights}\n", "main") for rights in ("call", "agent"))
    filled = before.replace("change-me", r"s\1e;cret\g<0>")
    assert with_secret_of(filled, after) == after.replace("change-me", r"s\1e;cret\g<0>")
    assert made_for(with_secret_of(filled, after)) == "main"
    assert with_secret_of("nothing", after) == after


def test_the_wishes_of_one_pbx_are_those_of_its_queues_by_name() -> None:
    wishes = wishes_for("main", [on_hold("main/b", "a", rules={"a": {"key": "1"}})])
    assert [queue.name for queue in wishes.queues] == ["a", "b"]
    assert (wishes.keys, wishes.offers) == (("5", "1"), {"announce"})
    assert wishes.unplaced == ("a",)
