"""A real FreeSWITCH set up wrongly in many ways: the doctor names each, and pasting its lines mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from textback.cli import cli

from .doctoring import ALARM, CALLCENTER, CONTEXT, EVENT_SOCKET, HOUSE, QUEUE, QUEUE_LINES, Ward, ward
from .switch import Switch, needs_freeswitch, until

pytestmark = needs_freeswitch

DIALPLAN = "dialplan/textback.xml"
PLAYS = '<action application="playback" data="tone_stream://%(500,0,440)"/>'


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Ward]:
    with ward(Switch(), tmp_path) as built:
        assert built.complaints() == [], "there is nothing wrong to begin with"
        yield built


@dataclass
class Way:
    """One way to set it up wrongly: what is done, and the check that says so, in these words."""

    name: str
    do: Callable[[Ward], object]
    check: str
    words: str


def cut(room: Ward, name: str) -> None:
    """Take one extension out of our context."""
    text = room.path(DIALPLAN).read_text()
    begin = text.index(f'<extension name="{name}">')
    end = text.index("</extension>", begin) + len("</extension>")
    room.write(DIALPLAN, text[:begin] + text[end:])


def queue(old: str, new: str) -> Callable[[Ward], object]:
    """Another line in the queue itself."""

    def do(room: Ward) -> None:
        text = room.path(CALLCENTER).read_text()
        begin = text.index(f'<queue name="{QUEUE}">')
        end = text.index("</queue>", begin)
        assert text[begin:end].count(old) == 1
        room.write(CALLCENTER, text[:begin] + text[begin:end].replace(old, new) + text[end:])

    return do


def change(file: str, old: str, new: str) -> Callable[[Ward], object]:
    return lambda room: room.change(file, old, new)


def behind_the_back(room: Ward) -> None:
    """Changed, and not loaded."""
    path = room.path(DIALPLAN)
    path.write_text(path.read_text().replace('data="textback_timeout=5"', 'data="textback_timeout=7"'))


def not_reloaded(room: Ward) -> None:
    """The XML is, and the queue is not."""
    path = room.path(CALLCENTER)
    path.write_text(path.read_text().replace('<param name="strategy" value="ring-all"/>', "", 1))
    room.switch.api("reloadxml")


def lose_a_prompt(room: Ward) -> None:
    (room.sounds / "en/textback/goodbye.wav").unlink()


WAYS = [
    Way("the queue is misspelt", change("practice.toml", "doctor@test", "doctr@test"), "main/queues",
        "is doctor@test meant"),
    Way("the domain of the queue is left out", change("practice.toml", '"doctor@test"', '"doctor"'), "main/queues",
        "is doctor@test meant"),
    Way("callers come back as the last", queue('score" value="system"', 'score" value="queue"'), "main/place",
        "are the last"),
    Way("callers overtake others", change(DIALPLAN, "textback_score=system", "textback_score=queue"), "main/place",
        "overtake"),
    Way("nobody tells of the key", queue('<param name="announce-frequency" value="30"/>', ""), "main/announce",
        "nobody tells callers to press 5"),
    Way("another key is told", queue("textback/offer.wav", "textback/offer-7.wav"), "main/announce",
        "another key than 5"),
    Way("our context is missing", lambda room: (room.path(DIALPLAN).unlink(), room.reload()), "main/dialplan",
        "has no context textback"),
    Way("it was not reloaded", behind_the_back, "main/reloadxml", "not reloaded since"),
    Way("one of our extensions is missing", lambda room: cut(room, "textback-late"), "main/dialplan", "textback-late"),
    Way("the way on behind a hook is missing", change(DIALPLAN, """<action application="unset" data="socket_resume"/>
        <action application="transfer" data="${textback_then}"/>
      </condition>
    </extension>

    <extension name="textback-late">""", """</condition></extension>
    <extension name="textback-late">"""), "main/dialplan", "textback-ask lacks"),
    Way("hooks are asked for elsewhere", change(DIALPLAN, "textback_esl=127.0.0.1:8084", "textback_esl=127.0.0.1:8094"),
        "main/esl", "127.0.0.1:8094, and we listen at 127.0.0.1:8084"),
    Way("a hook is waited for without end", change(DIALPLAN, "textback_patience=3", "textback_patience="),
        "main/fallback", "for ever"),
    Way("the dialplan listens to another key", change(DIALPLAN, "textback_key=5", "textback_key=7"), "main/key",
        "listens to 7"),
    Way("no trunk is meant", change("textback.toml", "sofia/", "sofia/x"), "main/trunks", "matches no profile"),
    Way("no context is meant", change("textback.toml", '"doctor-test"', '"doctr-test"'), "main/inbound_contexts",
        "is doctor-test meant"),
    Way("nobody listens for hooks", change("textback.toml", '[esl]\nlisten = "127.0.0.1:8084"\n', ""), "main/esl",
        "has no [esl]"),
    Way("prompts are missing", lose_a_prompt, "main/prompts", "goodbye.wav"),
    Way("a queue of the dialplan is misspelt", change(HOUSE, "_queue=doctor@test", "_queue=doctro@test"),
        "main/queues", "there is no queue doctro@test"),
    Way("a line leaves the key to nobody", change(HOUSE, '<action application="set" data="cc_exit_keys=5"/>', ""),
        "main/exit", "does not lead out"),
    Way("another key leads out", change(HOUSE, "cc_exit_keys=5", "cc_exit_keys=3"), "main/exit", "3 leads out"),
    Way("the key leads nowhere", change(HOUSE,
        '<action application="transfer" data="textback-left XML textback"/>', ""), "main/fallback",
        "loses their place"),
    Way("nobody comes back to the line", change(HOUSE,
        '<action application="set" data="textback_back=${destination_number} XML ${context}"/>', ""), "main/fallback",
        "does not come back"),
    Way("an extension of ours is misspelt", change(HOUSE, "textback-queue XML", "textback-quue XML"), "main/fallback",
        "no extension textback-quue"),
    Way("a hook is misspelt", change(HOUSE, "textback_hook=hours?", "textback_hook=ours?"), "main/hooks",
        "no hook ours"),
    Way("the call ends behind a hook", change(HOUSE,
        '<action application="set" data="textback_then=afterwards XML doctor-test"/>', ""), "main/fallback",
        "without textback_then"),
    Way("the records are elsewhere", change("textback.toml", 'cdr = "', 'cdr = "/elsewhere'), "main/cdr", "writes to"),
    Way("a port is wrong", lambda room: room.change(
        "textback.toml", f"port = {room.switch.address[1]}", "port = 1"), "main/connect", "listen-port"),
    Way("a queue runs as it was", not_reloaded, "main/queues", "runs with strategy="),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_each_way_is_named_and_mended_by_the_lines_that_are_told(room: Ward, way: Way) -> None:
    way.do(room)
    said = room.complaints()
    assert any(row["check"] == way.check and way.words in row["message"] for row in said), said
    for _ in range(4):  # what was hidden behind the first fault may come to light
        if not said:
            return
        room.paste(said[0])
        said = room.complaints()
    assert said == []


def test_a_module_that_is_not_loaded_is_missed_where_it_is_needed(room: Ward) -> None:
    room.write(HOUSE, room.path(HOUSE).read_text().replace("<action application=\"hangup\"/>", PLAYS, 1))
    assert room.complaints() == []
    room.switch.api("unload mod_tone_stream")
    try:
        (row,) = room.complaints()
        assert row["check"] == "main/modules" and "mod_tone_stream is not loaded" in row["message"]
        room.paste(row)
        assert room.complaints() == []
    finally:
        room.switch.api("load mod_tone_stream")


def test_a_file_that_cannot_be_read_is_named_with_its_line(room: Ward) -> None:
    room.write(HOUSE, room.path(HOUSE).read_text().replace("</condition>", "", 1), then=False)
    assert "error near line" in room.switch.api("reloadxml"), "FreeSWITCH itself cannot read it"
    (row,) = [row for row in room.complaints() if row["check"] == "main/files"]
    assert row["status"] == "failed" and row["message"].startswith(f"{HOUSE}, line 10: </extension>")


def test_a_wrong_password_is_told_from_an_address_that_is_shut_out(room: Ward) -> None:
    room.change("textback.toml", f'secret = "{room.switch.password}"', 'secret = "another"')
    said = room.complaints()[0]
    assert said["check"] == "main/login" and "another one than in textback.toml" in said["message"]
    assert room.switch.password not in repr(said) and said["file"].startswith(EVENT_SOCKET)


def test_who_is_shut_out_is_let_in_by_the_lines_that_are_told(room: Ward) -> None:
    """Nobody can tell FreeSWITCH anything then: before, it is set to look at its file again and again."""
    switch, text = room.switch, room.path(EVENT_SOCKET).read_text()
    room.write(HOUSE, room.path(HOUSE).read_text().replace("  </context>", f"{ALARM}  </context>"))
    shut = '<param name="apply-inbound-acl" value="192.0.2.1/32"/>'
    uuid = switch.api("create_uuid")
    switch.api(f"bgapi originate {{origination_uuid={uuid}}}loopback/alarm/{CONTEXT} &park()")
    try:
        room.path(EVENT_SOCKET).write_text(text.replace("</settings>", f"{shut}</settings>"))
        said = until(lambda: [row for row in room.complaints() if row["check"] == "main/acl"], "being shut out", 30)
        assert said[0]["replaces"] == [shut], said
        room.path(EVENT_SOCKET).write_text(room.path(EVENT_SOCKET).read_text().replace(shut, said[0]["lines"][0]))
        until(lambda: not room.complaints(), "being let in", 30)
    finally:
        room.path(EVENT_SOCKET).write_text(text)
        until(lambda: _is_done(switch, f"uuid_kill {uuid}"), "an end of it", 30)


def _is_done(switch: Switch, command: str) -> bool:
    try:
        return switch.api(command).startswith("+OK")
    except OSError:
        return False


def test_all_files_as_they_are_shown_can_be_included_and_read(room: Ward) -> None:
    """FreeSWITCH follows X-PRE-PROCESS in comments, too: a file that names itself there would be its end."""
    arguments = ["dialplan", "show", "--practice", str(room.practice), "--output", str(room.conf), "--force"]
    assert CliRunner().invoke(cli, ["--config", str(room.folder / "textback.toml"), *arguments]).exit_code == 0
    (queue,) = (room.conf / "textback").glob(f"callcenter-{QUEUE}.xml")
    socket = room.path("textback/event_socket.xml")
    told = {"change-me": room.switch.password, "8021": str(room.switch.address[1])}
    for old, new in told.items():
        socket.write_text(socket.read_text().replace(f'"{old}"', f'"{new}"'))
    include = '\n<X-PRE-PROCESS cmd="include" data="../textback/{}"/>\n'
    queues, settings = room.path(CALLCENTER), room.path(EVENT_SOCKET)
    ours = f'<queue name="{QUEUE}">{include.format(queue.name)}</queue>'
    queues.write_text(queues.read_text().replace(QUEUE_LINES, ours))
    settings.write_text(settings.read_text().replace("</settings>", f"{include.format(socket.name)}</settings>"))
    assert room.switch.api("reloadxml") == "+OK [Success]"
    room.reload()
    assert room.complaints() == []


def test_a_command_in_a_comment_is_named_before_it_is_the_end_of_the_configuration(room: Ward) -> None:
    room.write("doctor_piece.xml", "<!-- a piece --><include/>", then=False)
    line = '<X-PRE-PROCESS cmd="include" data="../doctor_piece.xml"/>'
    room.write(HOUSE, room.path(HOUSE).read_text().replace("<include>", f"<include>\n<!--\n{line}\n-->", 1), then=False)
    assert "error near line" in room.switch.api("reloadxml")
    (row,) = [row for row in room.complaints() if row["check"] == "main/files"]
    assert row["status"] == "failed" and "in a comment, too" in row["message"]
