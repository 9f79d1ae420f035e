from __future__ import annotations

from typing import Any

import pytest

from textback.doctor.asterisk.exits import examine_exits, examine_names
from textback.doctor.asterisk.plan import Plan, plan_of
from textback.doctor.finding import Finding, Status

from tests.practices import practice

from ..house import EXTENSIONS, House, failures, statuses


def plan(home: House) -> Plan:
    conf = home.etc.get("extensions.conf")
    assert conf is not None
    return plan_of(conf)


def exits(home: House) -> list[Finding]:
    return list(examine_exits(home.wanted, home.etc, plan(home), None))


def names(home: House, there: frozenset[str] | None) -> list[Finding]:
    return list(examine_names(home.wanted, home.etc, there))


def serve(home: House, *queues: str, **changes: Any) -> None:
    line = [{"name": "Desk", "number": "+12025550100", "queues": list(queues)}]
    home.practices = (practice(line=line, **changes),)


def test_what_is_in_place_is_right(home: House) -> None:
    assert statuses(exits(home)) == {"main/exit": "ok", "main/announce": "ok"}
    assert statuses(names(home, frozenset({"support"}))) == {"main/queues": "ok"}


def test_a_queue_without_an_exit_gets_its_two_lines(home: House) -> None:
    home.change("queues.conf", "context = textback-keys\n", "context =\n")
    (finding,) = failures(exits(home))
    assert (finding.lines, finding.file) == (("[support](+)", "context = textback-keys"), "queues.conf")


def test_freepbx_wants_them_in_its_own_file(home: House) -> None:
    home.change("queues.conf", "context = textback-keys\n", "context =\n")
    home.write("extensions_additional.conf", "")
    assert failures(exits(home))[0].file == "queues_post_custom.conf"


def test_a_menu_of_the_houses_own_is_right_if_its_key_leads_to_us(home: House) -> None:
    home.change("queues.conf", "context = textback-keys", "context = menu")
    home.write("extensions.conf", EXTENSIONS + "[menu]\nexten => 5,1,Goto(textback-keys,5,1)\n")
    assert failures(exits(home)) == []
    home.write("extensions.conf", EXTENSIONS + "[menu]\nexten => 5,1,Goto(callback,s,1)\n")
    assert "does not ask for a text" in failures(exits(home))[0].message
    home.write("extensions.conf", EXTENSIONS)
    assert "[menu] is not in the dialplan" in failures(exits(home))[0].message


def test_where_queues_have_several_keys_each_wants_its_own_context(home: House) -> None:
    serve(home, "support", "sales", call_to_text__queue={"sales": {"key": "7"}})
    home.write("queues.conf", "[support]\ncontext = textback-keys\n[sales]\ncontext = textback-keys-5\n")
    lines = [finding.lines[1] for finding in failures(exits(home)) if finding.check == "main/exit"]
    assert "context = textback-keys-7" in lines


def test_an_offer_that_is_not_said_gets_its_lines(home: House) -> None:
    home.change("queues.conf", "periodic-announce-frequency = 30", "periodic-announce-frequency = 0")
    (finding,) = failures(exits(home))
    assert finding.lines == (
        "[support](+)", "periodic-announce = textback/offer", "periodic-announce-frequency = 30",
        "announce-to-first-user = yes",
    )  # fmt: skip


def test_a_prompt_that_tells_another_key_is_found(home: House) -> None:
    home.change("queues.conf", "textback/offer", "textback/offer-7")
    assert "tells another key" in failures(exits(home))[0].message


def test_a_caller_who_is_next_has_to_hear_it_too(home: House) -> None:
    home.change("queues.conf", "announce-to-first-user = yes\n", "")
    (warned,) = [finding for finding in exits(home) if finding.status is Status.WARNING]
    assert warned.lines == ("[support](+)", "announce-to-first-user = yes")


def test_other_offers_need_nothing_said_by_the_queue(home: House) -> None:
    serve(home, "support", call_to_text__offer="redirect")
    home.write("queues.conf", "[support]\ncontext = textback-keys\n")
    assert statuses(exits(home)) == {"main/exit": "ok"}


@pytest.mark.parametrize(("name", "near"), [("suport", "support"), ("Support", "support"), ("support-line", "support")])
def test_a_misspelt_queue_is_named_with_the_nearest(home: House, name: str, near: str) -> None:
    serve(home, name)
    (finding,) = failures(names(home, frozenset({"support", "600"})))
    assert finding.lines == (f'queues = ["{near}"]',) and "Riverside" in (finding.file or "")


def test_a_queue_that_is_like_no_other_is_told_with_those_that_are_there(home: House) -> None:
    serve(home, "zz")
    (finding,) = failures(names(home, frozenset({"support", "600"})))
    assert "it has 600, support" in finding.message and finding.lines == ()


def test_queues_in_a_database_need_not_be_loaded_yet(home: House) -> None:
    serve(home, "zz")
    home.write("extconfig.conf", "[settings]\nqueues => odbc,asterisk\n")
    assert statuses(names(home, frozenset()))["main/queues"] == "warning"


def test_without_files_and_without_the_pbx_nothing_is_claimed(home: House) -> None:
    (home.folder / "etc/queues.conf").unlink()
    assert statuses([*exits(home), *names(home, None)]) == {"main/exit": "skipped", "main/queues": "skipped"}


def test_a_queue_named_without_its_pbx_may_be_on_the_other(home: House) -> None:
    text = (home.folder / "textback.toml").read_text()
    other = '[[pbx]]\nname = "other"\nkind = "asterisk"\nusername = "tb"\nsecret = "x"\ntrunks = ["PJSIP/t-*"]\n'
    (home.folder / "textback.toml").write_text(text + other)
    serve(home, "zz")
    (finding,) = names(home, frozenset({"support"}))
    assert finding.status is Status.WARNING and "PBX/zz" in finding.message
