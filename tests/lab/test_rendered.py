"""The files that `textback dialplan show` renders, in real Asterisks: all is found there, and does what it says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import pytest
from click.testing import CliRunner

from textback.cli import cli

from .agi import StandIn
from .ami import Ami, Message
from .asterisk import TRUNK_IP, Asterisk
from .conftest import hang_up_all, running
from .included import include_rendered
from .leg import Leg
from .phones import Phones

pytestmark = pytest.mark.lab

PBX = """
[[pbx]]
name = "main"
kind = "asterisk"
username = "text.back-2"
secret_file = "ami-secret"
trunks = ["PJSIP/trunk-*"]
[agi]
listen = "127.0.0.1:{port}"
"""
#: "zz missing" is no queue of this PBX; "support" and "sales" have members and other settings already
PRACTICES = [
    """
[practice]
name = "Riverside ;-- [x]"
timezone = "UTC"
region = "US"
language = "en"
default = true
[[line]]
name = "Desk"
number = "+12025550100"
queues = ["support", "main/Main Desk.1", "elsewhere/zz", "zz missing"]
[call_to_text]
enabled = true
after = "2s"
message = { en = "{practice}" }
[call_to_text.queue."zz missing"]
offer = "whisper"
""",
    """
[practice]
name = "Grove"
timezone = "UTC"
region = "US"
language = "en"
[[line]]
name = "Desk"
number = "+12025550101"
queues = ["sales"]
[call_to_text]
enabled = true
key = "#"
offer = "redirect"
message = { en = "{practice}" }
""",
]
FILES = ("manager-textback.conf", "extensions-textback.conf", "queues-textback.conf")
NUMBERS = {"support": "12025556131", "Main Desk.1": "12025556132", "sales": "12025556133", "other": "12025556134"}
QUEUES = """
[Main Desk.1](waiting)
[other](waiting)
"""
#: what an administrator adds for a queue that no practice names
OTHER = "\n[other](+,textback-offer)\n"

_callers = itertools.count(12025560701)


@pytest.fixture(scope="module")
def daemon() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def files(daemon: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "textback.toml").write_text(PBX.format(port=daemon.port))
    (folder / "ami-secret").write_text("hush-hush")
    options = ["--config", f"{folder}/textback.toml", "--output", f"{folder}/etc"]
    for at, text in enumerate(PRACTICES):
        (folder / f"{at}.toml").write_text(text)
        options += ["--practice", f"{folder}/{at}.toml"]
    result = CliRunner().invoke(cli, ["dialplan", "show", *options])
    assert result.exit_code == 0, result.output
    return {name: (folder / "etc" / name).read_text() for name in FILES}


def prepare(asterisk: Asterisk, files: dict[str, str]) -> None:
    """The house's own part, and the secret filled in."""
    etc = asterisk.home / "etc"
    with open(etc / "queues.conf", "a") as queues, open(etc / "extensions.conf", "a") as extensions:
        queues.write(QUEUES)
        extensions.write("\n[from-trunk](+)\n")
        for name, number in NUMBERS.items():
            extensions.write(f"exten => {number},1,Answer()\n same => n,Gosub(textback-queue,s,1({name},t,,,60))\n")
    manager = files["manager-textback.conf"].replace("secret = change-me", f"secret = {asterisk.secret}")
    include_rendered(asterisk, files | {"manager-textback.conf": manager})
    with open(etc / "queues.conf", "a") as queues:
        queues.write(OTHER)


@pytest.fixture(scope="module", params=["22", "16"])
def rendered(request: pytest.FixtureRequest, files: dict[str, str]) -> Iterator[Asterisk]:
    yield from running(request.param, partial(prepare, files=files))


@pytest.fixture
def ami(rendered: Asterisk) -> Iterator[Ami]:
    with rendered.connect() as ami:
        yield ami
    hang_up_all(rendered)


def settings(ami: Ami, queue: str) -> dict[str, str]:
    """What a queue's section says in the end: app_queue takes the last of several."""
    answer = ami.ask("Getconfig", Filename="queues.conf", Category=queue)
    return dict(value.split("=", 1) for name, value in answer.items() if name.startswith("Line-"))


# -- found -----------------------------------------------------------------------------------------------------------


def test_each_key_has_its_extension_and_each_queue_its_own_key(rendered: Asterisk) -> None:
    keys = rendered.cli("dialplan show textback-keys")
    assert "'5' =>" in keys and "'#' =>" in keys and "'1' =>" not in keys
    for context, key, other in (("textback-keys-5", "5", "#"), ("textback-keys-pound", "#", "5")):
        told = rendered.cli(f"dialplan show {context}")
        assert f"'{key}' =>" in told and f"Goto(textback-keys,{key},1)" in told
        assert f"'{other}' =>" not in told


def test_the_settings_are_those_of_the_configuration(rendered: Asterisk, daemon: StandIn) -> None:
    told = rendered.cli("dialplan show textback-settings")
    assert f"Set(TEXTBACK_AGI=agi://127.0.0.1:{daemon.port})" in told
    assert "Set(TEXTBACK_AGI_2=)" in told
    assert 'ExecIf($["${TEXTBACK_QUEUE}" = "sales"]?Set(TEXTBACK_PROMPT=textback/offer-pound))' in told


def test_every_queue_is_loaded_and_has_what_its_practice_wants(rendered: Asterisk, ami: Ami) -> None:
    told = rendered.cli("queue show")
    for queue in ("support", "sales", "Main Desk.1", "other", "closed"):
        assert f"{queue} has 0 calls" in told
    assert "agent1" in rendered.cli("queue show support")
    announced = {
        "context": "textback-keys-5",
        "periodic-announce": "textback/offer",
        "periodic-announce-frequency": "2",
        "announce-to-first-user": "yes",
    }
    for queue in ("support", "Main Desk.1", "other"):
        assert announced.items() <= settings(ami, queue).items()
    assert settings(ami, "sales")["context"] == "textback-keys-pound"
    assert "periodic-announce" not in settings(ami, "sales")


def test_the_daemons_user_may_do_what_it_needs_and_no_more(rendered: Asterisk) -> None:
    with rendered.connect("text.back-2") as ami:
        assert ami.items("QueueStatus")
        assert ami.ask("Command", Command="core show version")["Message"] == "Permission denied"
        assert ami.ask("Getconfig", Filename="queues.conf")["Message"] == "Permission denied"
        whisper = {"Channel": "Local/s@textback-whisper/n", "Application": "Playback", "Data": "textback/offer"}
        assert ami.ask("Originate", Async="true", **whisper)["Response"] == "Success"


def test_asterisk_complains_of_nothing_but_the_queue_that_is_not_there(rendered: Asterisk) -> None:
    log = "\n".join(file.read_text(errors="replace") for file in (rendered.home / "log").glob("messages*"))
    told = [line for line in log.splitlines() if ("WARNING" in line or "ERROR" in line) and "textback.conf" in line]
    assert told
    assert [line for line in told if "category 'zz missing' does not exist" not in line] == []


# -- and does what it says -------------------------------------------------------------------------------------------


@pytest.fixture
def outside(rendered: Asterisk) -> Iterator[Phones]:
    with Phones(rendered.sip_port, TRUNK_IP, rendered.trunk_port) as phones:
        yield phones


def waiting(outside: Phones, ami: Ami, queue: str) -> tuple[Leg, Message]:
    """A caller in a queue; its event."""
    number = str(next(_callers))
    leg = outside.call(number, NUMBERS[queue])
    return leg, ami.wait_event("QueueCallerJoin", CallerIDNum=number)


@pytest.mark.parametrize(
    ("queue", "key", "other"), [("Main Desk.1", "5", "#"), ("sales", "#", "5"), ("other", "5", "#")]
)
def test_the_key_of_the_queue_asks_for_a_text_and_that_of_another_means_nothing(
    rendered: Asterisk, daemon: StandIn, ami: Ami, outside: Phones, queue: str, key: str, other: str
) -> None:
    daemon.answer("call-to-text", TEXTBACK_RESULT="texted", TEXTBACK_REASON="", TEXTBACK_AFTER="hangup")
    rendered.pause("sales", "agent1")
    leg, joined = waiting(outside, ami, queue)
    leg.press(other)
    ami.wait_event("DTMFEnd", Uniqueid=joined["Uniqueid"], Digit=other)
    leg.press(key)
    asked = daemon.wait_asked("call-to-text", joined["Uniqueid"])
    assert asked.query == {"queue": queue}
    leg.wait("over")
    assert [asked.hook for asked in daemon.of(joined["Uniqueid"])] == ["call-to-text"]
    assert len(ami.events("QueueCallerLeave", Uniqueid=joined["Uniqueid"])) == 1


def test_the_offer_is_said_after_as_long_as_the_practice_wants(ami: Ami, outside: Phones) -> None:
    _, joined = waiting(outside, ami, "Main Desk.1")
    begins = ami.wait_event("MusicOnHoldStop", Uniqueid=joined["Uniqueid"])
    assert 1.0 < ami.heard_at(begins) - ami.heard_at(joined) < 6.0


def test_pasted_in_a_queue_that_is_not_there_would_take_all_others_along(files: dict[str, str]) -> None:
    def paste(asterisk: Asterisk) -> None:
        with open(asterisk.home / "etc/queues.conf", "a") as queues:
            queues.write(QUEUES + files["queues-textback.conf"])

    for asterisk in running("22", paste):
        assert "support has" not in asterisk.cli("queue show")
        assert "category 'zz missing' does not exist" in asterisk.messages()
        assert "app_queue declined to load" in asterisk.messages()
