from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.practices import practice
from tests.sms.fake_twilio import Answer, FakeTwilio, Request, drop, fake_twilio, refuse, reply
from textback.config import Config, load
from textback.doctor.finding import Finding
from textback.doctor.provider import examine_provider

from .house import failures, statuses

ACCOUNT = "AC" + "0" * 32
PUBLIC = "https://text.example.org"
OURS = {"sms_url": f"{PUBLIC}/twilio/sms", "sms_method": "POST", "voice_url": f"{PUBLIC}/twilio/voice"}
TOML = """
[sms]
provider = "twilio"
inbound = "{inbound}"
[sms.twilio]
account_sid = "{account}"
auth_token = "hush-hush"
api_base = "{base}"
[webhooks]
public_url = "{public}"
"""


def owned(**changes: Any) -> dict[str, Any]:
    can = {"sms": True, "mms": True, "voice": True}
    number = {"sid": "PN" + "0" * 32, "phone_number": "+12025550100", "capabilities": can, "sms_application_sid": ""}
    return number | OURS | changes


def twilio(account: dict[str, Any] | None = None, *numbers: dict[str, Any]) -> Answer:
    """An account with these numbers."""

    async def answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None and request.method == "GET", "nothing may be changed at the provider"
        document: dict[str, Any] = {"sid": ACCOUNT, "status": "active", "type": "Full", **(account or {})}
        if "IncomingPhoneNumbers" in request.path:
            wanted = request.query["PhoneNumber"]
            document = {"incoming_phone_numbers": [one for one in numbers if one["phone_number"] == wanted], "page": 0}
        await reply(200, document)(server, request, writer)

    return answer


def examine(folder: Path, answer: Answer, inbound: str = "webhook") -> list[Finding]:
    async def ask() -> list[Finding]:
        async with fake_twilio(answer) as fake:
            text = TOML.format(account=ACCOUNT, base=fake.url, public=PUBLIC, inbound=inbound)
            (folder / "textback.toml").write_text(text)
            config: Config = load(folder / "textback.toml")
            return [finding async for finding in examine_provider(config, [practice()])]

    found = asyncio.run(ask())
    assert "hush-hush" not in repr(found)
    return found


def test_an_account_that_has_the_line_and_posts_to_us_is_right(tmp_path: Path) -> None:
    found = examine(tmp_path, twilio(None, owned()))
    assert statuses(found) == {"provider": "ok", "line": "ok", "replies": "ok"}


def test_credentials_that_are_refused_are_named_and_nothing_more_is_asked(tmp_path: Path) -> None:
    (finding,) = examine(tmp_path, refuse(401, 20003))
    assert finding.status == "failed" and "refuses the credentials" in finding.message
    assert finding.file == "textback.toml, [sms.twilio]"


def test_a_provider_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    (finding,) = examine(tmp_path, drop)
    assert finding.status == "failed" and "cannot be asked" in finding.message


def test_an_account_that_is_suspended_sends_nothing_and_a_trial_not_to_everybody(tmp_path: Path) -> None:
    assert "suspended" in failures(examine(tmp_path, twilio({"status": "suspended"}, owned())))[0].message
    assert statuses(examine(tmp_path, twilio({"type": "Trial"}, owned())))["provider"] == "warning"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (owned(phone_number="+12025550177"), "the account has no number +12025550100"),
        (owned(capabilities={"sms": False, "voice": True}), "no SMS capability"),
        (owned(sms_url="https://old.example.org/sms"), "posts replies to https://old.example.org/sms"),
        (owned(sms_url=""), "posts replies to nobody"),
        (owned(sms_method="GET"), "HTTP GET"),
    ],
)
def test_a_line_from_which_nobody_hears_is_named(tmp_path: Path, number: dict[str, Any], says: str) -> None:
    (finding,) = failures(examine(tmp_path, twilio(None, number)))
    assert says in finding.message
    if finding.check == "replies":
        assert finding.lines == (f"A message comes in: Webhook {PUBLIC}/twilio/sms HTTP POST",)


def test_an_app_before_the_urls_and_calls_that_are_not_forwarded_are_warned_of(tmp_path: Path) -> None:
    assert statuses(examine(tmp_path, twilio(None, owned(sms_application_sid="AP1"))))["replies"] == "warning"
    assert statuses(examine(tmp_path, twilio(None, owned(voice_url=""))))["replies"] == "warning"


def test_where_replies_are_fetched_no_url_matters(tmp_path: Path) -> None:
    assert statuses(examine(tmp_path, twilio(None, owned(sms_url="")), "poll"))["replies"] == "skipped"


def test_the_console_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "textback.toml").write_text("")

    async def ask() -> list[Finding]:
        return [finding async for finding in examine_provider(load(tmp_path / "textback.toml"), [practice()])]

    assert statuses(asyncio.run(ask())) == {"provider": "warning"}
