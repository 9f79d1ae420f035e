"""Lists and look-ups that fail are told apart by their faults, and never hold a number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from textback.sms import Fault, SendError
from textback.sms.twilio import Twilio

from .asking import LINE, NOW, PERSON, ask
from .fake_twilio import Answer, drop, drop_in_mid_answer, flood, hang, raw, refuse, reply, trickle

HTML = "<html><body>Bad Gateway +15555550203</body></html>"
Question = Callable[[Twilio], Awaitable[Any]]
QUESTIONS: dict[str, Question] = {
    "received": lambda provider: provider.received(LINE, NOW - 60.0),
    "deliveries": lambda provider: provider.deliveries(LINE, NOW - 60.0),
    "line_type": lambda provider: provider.line_type(PERSON),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refuse(401, 20003), Fault.OURS),
        (refuse(403, 20006), Fault.OURS),
        (refuse(400, 98765), Fault.PERMANENT),
        (reply(400, {"type": "x", "title": "No", "status": 400, "code": 20005, "detail": PERSON}), Fault.OURS),
        (refuse(429, 20429), Fault.NOT_PROCESSED),
        (refuse(500, 20500), Fault.UNKNOWN),
        (raw(200, HTML, kind="text/html"), Fault.UNKNOWN),
        (raw(401, HTML, kind="text/html"), Fault.OURS),
        (raw(404, HTML, kind="text/html"), Fault.UNKNOWN),
        (raw(503, HTML, kind="text/html"), Fault.UNKNOWN),
        (raw(302, "", "Location: /elsewhere"), Fault.UNKNOWN),
        (raw(200, "[" * 5000), Fault.UNKNOWN),
        (reply(200, []), Fault.UNKNOWN),
        (hang, Fault.UNKNOWN),
        (drop, Fault.UNKNOWN),
        (drop_in_mid_answer, Fault.UNKNOWN),
        (trickle, Fault.UNKNOWN),
        (flood, Fault.UNKNOWN),
    ],
)
def test_what_fails_says_why_and_is_not_asked_for_again(question: Question, answer: Answer, kind: Fault) -> None:
    outcome, server = ask(answer, question, timeout=0.5)
    assert isinstance(outcome, SendError) and outcome.kind is kind
    # aiohttp asks once more where a connection is dropped, but never where something is posted.
    assert "555" not in str(outcome) and len(server.requests) == (2 if answer is drop else 1)
    assert outcome.__suppress_context__ or outcome.__context__ is None


@pytest.mark.parametrize("document", [{}, {"messages": None}, {"messages": 7}, {"a": [], "b": []}, None, "x"])
def test_a_list_that_is_none_does_not_pass_for_an_empty_one(document: object) -> None:
    outcome, _ = ask(reply(200, document), QUESTIONS["received"])
    assert isinstance(outcome, SendError)


@pytest.mark.parametrize("since", [float("nan"), float("inf"), -1e20, 1e20])
def test_a_time_that_is_none_is_an_error_like_any_other(since: float) -> None:
    outcome, server = ask(drop, lambda provider: provider.received(LINE, since))
    assert isinstance(outcome, SendError) and not server.requests


def test_when_to_come_back_is_told() -> None:
    outcome, _ = ask(reply(429, {"code": 20429}, "Retry-After: 7"), QUESTIONS["received"])
    assert isinstance(outcome, SendError) and outcome.retry_after == 7.0
