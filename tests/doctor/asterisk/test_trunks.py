from __future__ import annotations

from textback.doctor.asterisk.look import Look
from textback.doctor.asterisk.plan import Context
from textback.doctor.asterisk.trunks import endpoints, examine_contexts, examine_trunks
from textback.doctor.finding import Status

from ..house import House, failures, statuses

PJSIP = """
[trunk-a]
type = endpoint
context = from-trunk
[trunk-a]
type = identify
endpoint = trunk-a
[phone](!)
type = endpoint
context = from-internal
[201](phone)
[202](phone)
"""


def test_a_pattern_that_matches_an_endpoint_of_the_pbx_is_right(home: House) -> None:
    look = Look(endpoints=["201", "trunk-a"])
    assert statuses(examine_trunks(home.wanted, None, look)) == {"main/trunks": "ok"}


def test_one_that_matches_nothing_is_told_with_what_is_there(home: House) -> None:
    home.change("textback.toml", "PJSIP/trunk-*", "PJSIP/provider-*")
    home.write("pjsip.conf", PJSIP)
    (finding,) = failures(examine_trunks(home.wanted, home.etc, None))
    assert finding.lines == ('trunks = ["PJSIP/trunk-a-*"]',) and "201, 202, trunk-a" in finding.message


def test_files_tell_the_endpoints_where_the_pbx_does_not(home: House) -> None:
    home.write("pjsip.conf", PJSIP)
    assert endpoints(home.etc, Look()) == ["201", "202", "trunk-a"]
    assert endpoints(home.etc, Look(endpoints=["x"])) == ["x"]
    assert endpoints(None, None) is None


def test_a_channel_that_is_up_is_proof_for_every_kind_of_trunk(home: House) -> None:
    home.change("textback.toml", "PJSIP/trunk-*", "DAHDI/i1/*")
    assert statuses(examine_trunks(home.wanted, None, Look(channels=["DAHDI/i1/12025550111-1"]))) == {
        "main/trunks": "ok"
    }
    assert statuses(examine_trunks(home.wanted, None, Look(channels=[]))) == {"main/trunks": "skipped"}


def test_patterns_that_match_phones_too_are_warned_of_where_no_context_tells_them_apart(home: House) -> None:
    look = Look(endpoints=["201", "trunk-a"])
    home.change("textback.toml", "PJSIP/trunk-*", "PJSIP/*")
    assert statuses(examine_trunks(home.wanted, None, look)) == {"main/trunks": "ok"}
    home.change("textback.toml", 'inbound_contexts = ["from-trunk"]\n', "")
    (warned,) = [f for f in examine_trunks(home.wanted, None, look) if f.status is Status.WARNING]
    assert warned.lines == ('trunks = ["PJSIP/trunk-a-*"]',)


def test_a_context_has_to_be_in_the_dialplan(home: House) -> None:
    plan = {"from-trunk": Context()}
    assert statuses(examine_contexts(home.wanted, None, Look(), plan)) == {"main/inbound_contexts": "ok"}
    home.change("textback.toml", '["from-trunk"]', '["from-tronk", "x"]')
    first, second = failures(examine_contexts(home.wanted, None, Look(), plan))
    assert first.lines == ('inbound_contexts = ["x", "from-trunk"]',)
    assert second.lines == ('inbound_contexts = ["from-tronk"]',)


def test_contexts_are_not_judged_unseen(home: House) -> None:
    assert statuses(examine_contexts(home.wanted, None, None, None)) == {"main/inbound_contexts": "skipped"}
