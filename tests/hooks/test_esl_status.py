from __future__ import annotations

import pytest

from tests.hooks.desks import FakeDesk, called_esl


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"cc_cause": "cancel", "cc_cancel_reason": "TIMEOUT"}, "TIMEOUT"),
        ({"cc_cause": "cancel", "cc_cancel_reason": "NO_AGENT_TIMEOUT"}, "LEAVEEMPTY"),
        ({"cc_cause": "cancel", "cc_cancel_reason": "EXIT_WITH_KEY"}, ""),
        ({"cc_cause": "cancel", "cc_cancel_reason": "BREAK_OUT", "DIALSTATUS": "BUSY"}, "BUSY"),
        ({"cc_cause": "answered", "cc_cancel_reason": "TIMEOUT"}, ""),
        ({"fifo_status": "TIMEOUT"}, "TIMEOUT"),
        ({"fifo_status": "ABORTED"}, ""),
        ({"DIALSTATUS": "NOANSWER", "originate_disposition": "NO_ANSWER"}, "NOANSWER"),
        ({"originate_disposition": "ALLOTTED_TIMEOUT"}, "NOANSWER"),
        ({"originate_disposition": "USER_BUSY"}, "BUSY"),
        ({"DIALSTATUS": "USER_NOT_REGISTERED"}, "CHANUNAVAIL"),
        ({"DIALSTATUS": "INVALIDARGS", "originate_disposition": "DESTINATION_OUT_OF_ORDER"}, "CHANUNAVAIL"),
        ({"originate_disposition": "ORIGINATOR_CANCEL"}, "CANCEL"),
        ({"originate_disposition": "success"}, "ANSWER"),
        ({"DIALSTATUS": "PICKED_OFF"}, "ANSWER"),
        ({}, ""),
    ],
)
def test_why_nobody_answered_is_told_in_the_words_of_asterisk(variables: dict[str, str], why: str) -> None:
    desk = FakeDesk()
    called_esl(desk, "no-answer", variables=variables)

    assert desk.asked_for == [("no_answer", why)]
