"""What Twilio tells of an account and its numbers, asked over a real socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from textback.sms import Fault, SendError
from textback.sms.twilio_account import Account, OwnedNumber, TwilioAccount

from .fake_twilio import Answer, drop, fake_twilio, raw, refuse, reply

SID = "AC" + "0" * 32
NOON = 1795262400.0  # 2026-11-21T12:00:00Z
NUMBER = {
    "sid": "PN1", "phone_number": "+12025550100", "sms_url": "https://x/sms", "sms_method": "POST",
    "voice_url": None, "sms_application_sid": "", "capabilities": {"sms": True},
}  # fmt: skip


def asked(answer: Answer, what: str, *arguments: str) -> Any:
    async def ask() -> Any:
        async with fake_twilio(answer) as fake:
            account = TwilioAccount(SID, "token", fake.url, 2.0, clock=lambda: NOON + 30)
            try:
                return await getattr(account, what)(*arguments)
            finally:
                await account.close()
                assert [request.method for request in fake.requests] == ["GET"] * len(fake.requests)

    return asyncio.run(ask())


def test_an_account_has_a_status_and_a_type() -> None:
    assert asked(reply(200, {"sid": SID, "status": "active", "type": "Trial"}), "fetch") == Account("active", True, 0.0)


def test_its_clock_is_learned_from_the_answer() -> None:
    answer = reply(200, {"sid": SID, "status": "active", "type": "Full"}, "Date: Sat, 21 Nov 2026 12:00:00 GMT")
    assert asked(answer, "fetch").offset == -30.0


def test_a_number_of_the_account_tells_where_its_posts_go() -> None:
    found = asked(reply(200, {"incoming_phone_numbers": [NUMBER]}), "number", "+12025550100")
    assert found == OwnedNumber("+12025550100", "https://x/sms", "POST", "", texts=True, application=False)


def test_a_list_that_ignores_what_was_asked_for_is_not_believed() -> None:
    assert asked(reply(200, {"incoming_phone_numbers": [NUMBER]}), "number", "+12025550177") is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refuse(401, 20003), Fault.OURS),
        (drop, Fault.UNKNOWN),
        (raw(200, "<html>"), Fault.UNKNOWN),
        (raw(500, "no"), Fault.UNKNOWN),
    ],
)
@pytest.mark.parametrize("question", [("fetch",), ("number", "+12025550100")])
def test_what_goes_wrong_is_one_error(answer: Answer, kind: Fault, question: tuple[str, ...]) -> None:
    with pytest.raises(SendError) as raised:
        asked(answer, *question)
    assert raised.value.kind is kind and "+1202" not in str(raised.value)
