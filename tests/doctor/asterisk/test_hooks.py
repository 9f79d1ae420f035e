from __future__ import annotations

from textback.doctor.asterisk.hooks import contexts, examine_hooks
from textback.doctor.asterisk.plan import plan_of
from textback.doctor.finding import Finding

from tests.practices import practice

from ..house import House, failures, statuses

OURS = "extensions-textback.conf"


def examine(home: House) -> list[Finding]:
    conf = home.etc.get("extensions.conf")
    return list(examine_hooks(home.wanted, home.etc, plan_of(conf) if conf else None))


def test_what_is_in_place_is_right(home: House) -> None:
    assert statuses(examine(home)) == {"main/dialplan": "ok", "main/agi": "ok", "main/key": "ok"}


def test_who_has_not_included_ours_gets_the_line_and_the_command_that_writes_the_file(home: House) -> None:
    home.change("extensions.conf", '#include "extensions-textback.conf"', "")
    (finding,) = failures(examine(home))
    assert (finding.lines, finding.file) == (('#include "extensions-textback.conf"',), "extensions.conf")
    assert "textback dialplan show" in finding.message


def test_another_address_is_to_be_replaced_by_ours(home: House) -> None:
    home.change(OURS, "agi://127.0.0.1:4573", "agi://10.0.0.9:4573")
    (finding,) = failures(examine(home))
    assert finding.lines == ("exten => s,1,Set(TEXTBACK_AGI=agi://127.0.0.1:4573)",)
    assert finding.replaces == ("exten => s,1,Set(TEXTBACK_AGI=agi://10.0.0.9:4573)",) and finding.file == OURS


def test_we_may_be_the_second_of_two_daemons(home: House) -> None:
    home.change(OURS, "agi://127.0.0.1:4573", "agi://10.0.0.9:4573")
    home.change(OURS, "TEXTBACK_AGI_2=)", "TEXTBACK_AGI_2=agi://127.0.0.1:4573)")
    assert failures(examine(home)) == []


def test_a_dialplan_that_asks_needs_somebody_who_listens(home: House) -> None:
    home.change("textback.toml", '[agi]\nlisten = "127.0.0.1:4573"\n', "")
    (finding,) = failures(examine(home))
    assert finding.lines == ("[agi]", 'listen = "127.0.0.1:4573"') and finding.file == "textback.toml"


def test_a_key_without_an_extension_gets_the_whole_of_it(home: House) -> None:
    home.practices = (practice(call_to_text__key="#"),)
    (finding,) = failures(examine(home))
    assert finding.lines[:2] == ("[textback-keys]", "exten => #,1,Gosub(textback-settings,s,1)")
    assert finding.lines[-1] == " same => n,Goto(textback-confirm,told,1)" and len(finding.lines) == 5


def test_each_offer_needs_its_own_context(home: House) -> None:
    home.practices = (practice(call_to_text__offer="whisper"),)
    assert "textback-whisper" in contexts(home.wanted) and "textback-offer" not in contexts(home.wanted)
    text = (home.folder / "etc" / OURS).read_text()
    home.write(OURS, text.replace("[textback-whisper]", "[elsewhere]"))
    assert "[textback-whisper]" in failures(examine(home))[0].message


def test_a_pbx_on_another_computer_needs_to_be_told_where_we_are(home: House) -> None:
    home.change("textback.toml", 'host = "127.0.0.1"', 'host = "10.0.0.5"')
    assert "--address" in failures(examine(home))[0].message


def test_without_offers_nothing_of_ours_is_asked_for(home: House) -> None:
    home.practices = (practice(call_to_text__enabled=False),)
    assert statuses(examine(home)) == {"main/dialplan": "skipped"}


def test_a_dialplan_that_was_not_seen_is_not_judged(home: House) -> None:
    (home.folder / "etc/extensions.conf").unlink()
    assert statuses(examine(home)) == {"main/dialplan": "skipped"}
