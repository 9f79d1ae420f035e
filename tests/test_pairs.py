"""One story, told by an Asterisk and by a FreeSWITCH, becomes the same facts: what differs, differs in the PBX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests import recordings
from tests.test_stories import ASTERISK, FREESWITCH
from textback.events import (
    CallerArrived,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LinkSynced,
    NobodyAnswered,
    Ringing,
    StaffReached,
    Talking,
)
from textback.following import translator_of
from textback.pbx.recording import told_by

#: what each PBX, and each caller, has of its own
OWN = frozenset({"call_id", "at", "since", "linkedid", "pbx", "number", "name", "did", "agent", "key"})
#: seconds: what is true for less than that is on the way from one thing to the next
PASSING = 0.1
STATES = (HoldStarted, HoldEnded, Ringing, Talking, NobodyAnswered, CallerLeft)
#: every story that both have (one of FreeSWITCH may hold several calls: the first is meant), and what those who played
#: it did otherwise
PAIRS = [
    ("a1_queue_abandon_waiting", "a1_queue_abandon", ""),
    ("a2_queue_abandon_while_ringing", "n15_queue_hangup_at_answer", ""),
    ("b1_queue_answered_caller_hangs_up", "b1_queue_answered_caller_hangs_up", ""),
    ("b2_queue_answered_agent_hangs_up", "b2_queue_answered_agent_hangs_up", ""),
    ("b7_queue_answered_after_wait", "b1_queue_answered_caller_hangs_up", ""),
    ("c1_press5_exit_context", "c1_key5_with_exit_keys", ""),
    ("c14_press5_after_answer", "c5_key5_after_answer", ""),
    ("c2_press5_no_context", "c2_key5_without_exit_keys", ""),
    ("d1_queue_timeout_voicemail", "lab_queue_timeout_voicemail", "hung_up"),
    ("e1_dial_noanswer", "e1_ext_noanswer", ""),
    ("e2_dial_busy", "e2_ext_busy", ""),
    ("e3_dial_cancel", "e3_ext_caller_cancels", ""),
    ("e4_dial_answered", "e7_ext_answered", ""),
    ("e5_dial_chanunavail_no_contact", "e6_ext_unregistered", ""),
    ("e10_ringgroup_direct_answered", "e4_ringgroup_one_answers", ""),
    ("e10_ringgroup_direct_answered", "lab_enterprise_originate_answered", ""),
    ("e12_dial_noanswer_voicemail", "n17_voicemail_left", ""),
    ("f1_agent_holds_caller", "f3_queue_hold", "hung_up"),
    ("f2_blind_transfer_sip", "f1_queue_blind_transfer", "hung_up"),
    ("f4_attended_transfer_sip", "f2_queue_attended_transfer", ""),
    ("m1_internal_call", "n9_internal_noanswer", ""),
    ("n1_overflow_answered", "n1_queue_overflow_answered", ""),
    ("n3_attended_into_queue_abandon", "n3r_refer_replaces_into_queue_abandoned", ""),
    ("n3_attended_into_queue_abandon", "lab_att_xfer_loopback_into_queue_abandoned", ""),
    ("n3_attended_into_queue_abandon", "lab_self_call_into_queue_abandoned", ""),
    ("n4_attended_into_queue_answered", "lab_att_xfer_loopback_into_queue_answered", ""),
    ("n6_lost_on_agents_hold", "n6_queue_hold_caller_hangs_up", ""),
    ("n8_parked_retrieved", "n8_valet_park_retrieved", "how they came to talk, hung_up"),
    ("n18_staff_calls_back", "n16_agent_calls_back", ""),
]


def facts(pbx: str, name: str, folder: Path) -> list[Fact]:
    """The facts of the first call of a story, and those about no call."""
    heard = translator_of(FREESWITCH if pbx == "freeswitch" else ASTERISK)
    (folder / pbx).mkdir(exist_ok=True)  # some have one name, and an index belongs to one of them
    found, _ = told_by(recordings.unpack(pbx, name, folder / pbx), heard)
    others = {fact.call_id for fact in found if isinstance(fact, CallerArrived)}
    others -= {next((fact.call_id for fact in found if isinstance(fact, CallerArrived)), "")}
    return [fact for fact in found if fact.call_id not in others and not isinstance(fact, LinkSynced)]


def lasting(told: Sequence[Fact]) -> list[Fact]:
    """Without what was true only in passing."""
    after = [next((one for one in told[at + 1 :] if isinstance(one, STATES)), None) for at in range(len(told))]
    return [
        fact
        for fact, then in zip(told, after, strict=True)
        if not isinstance(fact, HoldEnded | Talking) or then is None or then.at - fact.at > PASSING
    ]


def words(told: Sequence[Fact], differs: str) -> list[str]:
    """What is the same on every PBX, what is told twice once; queues are counted, not named."""
    queues: dict[str, str] = {}
    found: list[str] = []
    for fact in lasting(told):
        said = [type(fact).__name__]
        for name in (field.name for field in fields(fact)):
            value: Any = getattr(fact, name)
            if name == "queue" and value:
                value = queues.setdefault(value, f"queue {len(queues) + 1}")
            if name not in OWN and name not in differs and value not in (None, False):
                said.append(f"{name}={value}")
        if found[-1:] != [" ".join(said)]:
            found.append(" ".join(said))
    return found[found.index("Talking") :] if "how they came to talk" in differs else found


@pytest.mark.parametrize(("asterisk", "freeswitch", "differs"), PAIRS)
def test_a_story_is_told_the_same_by_both(asterisk: str, freeswitch: str, differs: str, tmp_path: Path) -> None:
    one, other = facts("asterisk22", asterisk, tmp_path), facts("freeswitch", freeswitch, tmp_path)
    # What the others on that lab's trunk did in the meantime is no part of the story.
    other = [fact for fact in other if not (freeswitch.startswith("lab_") and isinstance(fact, StaffReached))]
    assert words(other, differs) == words(one, differs)


def test_a_key_while_talking_is_told_as_a_key_by_both(tmp_path: Path) -> None:
    for pbx, name in (("asterisk22", "c14_press5_after_answer"), ("freeswitch", "c5_key5_after_answer")):
        keys = [fact.key for fact in facts(pbx, name, tmp_path) if isinstance(fact, KeyPressed)]
        assert keys == ["5"]
