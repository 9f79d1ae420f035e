from __future__ import annotations

import asyncio
from pathlib import Path

from textback.doctor.finding import Finding

from ..house import failures
from .told import House

QUEUES = "xml_locate configuration configuration name callcenter.conf"


def want(told: House, old: str, new: str) -> None:
    path = told.folder / "practice.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def found(told: House, check: str) -> list[Finding]:
    return [one for one in asyncio.run(told.findings()) if one.check == check]


def fifo(told: House, offer: str) -> None:
    want(told, '"doctor@test"', '"lab"')
    want(told, '"announce"', f'"{offer}"')
    told.change("fifo list", "</fifo_report>", '<fifo name="lab" waiting_count="0"></fifo></fifo_report>')


def test_nobody_is_moved_out_of_a_fifo_as_it_keeps_no_place(told: House) -> None:
    fifo(told, "redirect")
    (finding,) = failures(found(told, "main/place"))
    assert finding.lines == ('[call_to_text.queue."lab"]', 'offer = "whisper"')


def test_a_whisper_in_a_fifo_is_as_good_as_elsewhere(told: House) -> None:
    fifo(told, "whisper")
    assert [one.status for one in found(told, "main/place")] == ["ok"]


def test_a_queue_that_is_nowhere_is_told_with_what_there_is(told: House) -> None:
    want(told, '"doctor@test"', '"zzz"')
    (finding,) = failures(found(told, "main/queues"))
    assert "it has announced@default, doctor@test" in finding.message and finding.lines == ()


def test_an_announcement_that_is_not_there_is_told_as_the_queue_says_nothing_then(told: House) -> None:
    told.answers["file_exists /usr/share/freeswitch/sounds/en/textback/offer.wav"] = "false"
    (finding,) = failures(found(told, "main/announce"))
    assert finding.lines == ("textback dialplan show --prompts /usr/share/freeswitch/sounds",)


def test_a_recording_of_the_houses_own_is_as_good_as_ours(told: House) -> None:
    told.answers[QUEUES] = told.answers[QUEUES].replace("en/textback/offer.wav", "house/press-5.wav")
    told.answers["file_exists /usr/share/freeswitch/sounds/house/press-5.wav"] = "true"
    assert {one.status for one in found(told, "main/announce")} == {"ok"}


def test_a_prompt_for_another_key_is_the_houses_to_record(told: House, tmp_path: Path) -> None:
    want(told, 'key = "5"', 'key = "7"')
    told.answers["file_exists /usr/share/freeswitch/sounds/en/textback/offer-7.wav"] = "false"
    (finding,) = failures(found(told, "main/prompts"))
    assert "offer-7.wav: record it" in finding.message


def test_modules_are_missed_for_what_they_are_there_for(told: House) -> None:
    for name in ("mod_json_cdr", "mod_fifo", "mod_sndfile"):
        told.answers[f"module_exists {name}"] = "false"
    missed = failures(found(told, "main/modules"))
    assert [one.message.partition(":")[0] for one in missed] == [  # no fifo is in use
        "mod_sndfile is not loaded", "mod_json_cdr is not loaded",
    ]  # fmt: skip


def test_a_module_that_is_gone_after_the_next_start_is_warned_of(told: House) -> None:
    name = "xml_locate configuration configuration name modules.conf"
    told.change(name, '<load module="mod_sndfile"></load>', "")
    (finding,) = found(told, "main/modules")
    assert (finding.status, finding.lines) == ("warning", ('<load module="mod_sndfile"/>',))
    told.answers["module_exists mod_sndfile"] = "false"
    (finding,) = failures(found(told, "main/modules"))
    assert 'now: fs_cli -x "load mod_sndfile"' in finding.message
