"""All that strangers may post to, on the whole daemon: whatever it is, it is answered, and no fault of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clinic import Clinic, open_clinic
from tests.test_replies import PUBLIC
from textback.model import Flow
from textback.store import webhook_tokens
from textback.store.engine import open_engine

from .visitor import Answer, Site, Twilio

TOKEN = "T0_-" * 10 + "abc"
PATHS = (
    "/twilio/sms", "/twilio/status", "/twilio/voice", f"/webhook/{TOKEN}", "/webhook", "/webhook/", "/webhook/x", "/",
    f"/webhook/{'x' * 43}", f"/webhook/{TOKEN}/", "/twilio", "/calls", "/sign-in", "/%00", "/..%2f..%2fetc/passwd",
)  # fmt: skip
METHODS = ("POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS")
NASTY = (
    "", "\0", "a\0b", "\ud800", "\u202e", "\ufffe", "😀" * 60, "STOP", "Stop!\0", "HELP", "'", "%", "9" * 5000,
    "-1", "nan", "+12025550143", "+12025550100", "12025550143", "anonymous", "72975", "SM" + "a" * 32, "delivered",
    "undelivered", "30006", "21610", "10", "99999", "https://evil.example/a", "image/png", "es-MX", "x" * 10_000,
    "+" + "1" * 40,
)  # fmt: skip
FIELDS = (
    "MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "MediaUrl0", "MediaContentType0", "MessageStatus",
    "ErrorCode", "CallSid", "CallStatus", "OptOutType", "DateCreated", "caller", "phone", "lang", "name", "from",
)  # fmt: skip
TEXT = {"MessageSid": "SM1", "From": "+12025550143", "To": "+12025550100", "Body": "Hi", "NumMedia": "0"}
STATE = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+12025550143", "From": "+12025550100"}
WHOLE = {
    "/twilio/sms": TEXT,
    "/twilio/status": STATE,
    "/twilio/voice": {"CallSid": "CA1", "From": "+12025550143", "To": "+12025550100"},
    f"/webhook/{TOKEN}": {"caller": "+12025550143"},
}

values = st.sampled_from(NASTY) | st.text(max_size=30)
forms = st.dictionaries(st.sampled_from(FIELDS), values, max_size=5)


def posted(clinic: Clinic, method: str, path: str, form: dict[str, str], is_signed: bool) -> Answer:
    """A request as Twilio, or somebody who knows nothing, makes it."""
    host, port = clinic.app.listening["webhooks"]
    body = urlencode(form, errors="surrogatepass").encode()

    async def story() -> Answer:
        there = Site(host, port, asyncio.Event(), asyncio.create_task(asyncio.sleep(0)))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if is_signed:
            told = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
            headers["X-Twilio-Signature"] = Twilio(there, PUBLIC, "token").signature(path, told)
        return await there.ask(method, path, headers, body if method in ("POST", "PUT") else None)

    # a minute passes, so that nobody comes too often
    clinic.world.now += 60
    return clinic.run(story())


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """The daemon, with a token for one flow."""
    with open_clinic(tmp_path) as opened:
        engine = open_engine(opened.world.url)
        with engine.begin() as connection:
            given = {"practice": "Riverside", "flow": Flow.MISSED, "by": "test", "now": opened.world.now}
            webhook_tokens.create(connection, TOKEN, **given)
        engine.dispose()
        yield opened


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the daemon said of itself."""
    said = [record for record in caplog.records if record.name.startswith("textback")]
    return [one.getMessage() for one in said if one.levelno >= logging.ERROR or one.exc_info]


def test_whatever_is_posted_is_answered(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(PATHS), st.sampled_from(METHODS), forms, st.booleans(), st.booleans())
    def holds(path: str, method: str, changes: dict[str, str], is_whole: bool, is_signed: bool) -> None:
        form = (WHOLE.get(path, {}) if is_whole else {}) | changes
        answer = posted(clinic, method, path, form, is_signed)
        assert 200 <= answer.status < 500, (method, path, form)
        if path.startswith("/twilio/") and not is_signed:
            assert answer.status in (403, 405)
        if path not in WHOLE and not path.startswith("/webhook"):
            assert answer.status == 404, path

    holds()
    assert faults(caplog) == []


@pytest.mark.parametrize("path", WHOLE)
def test_each_field_may_hold_anything(clinic: Clinic, path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert posted(clinic, "POST", path, WHOLE[path], is_signed=True).status in (200, 202)
    for name in FIELDS:
        for value in NASTY:
            answer = posted(clinic, "POST", path, WHOLE[path] | {name: value}, is_signed=True)
            assert answer.status in (200, 202, 400, 403, 422), (name, value)
    assert faults(caplog) == []


def test_pages_are_not_to_be_had_where_strangers_may_post(clinic: Clinic) -> None:
    for path in ("/", "/calls", "/inbox", "/sign-in", "/static/1/style.css", "/live/calls", f"/{quote('é')}"):
        for method in ("GET", "POST"):
            assert posted(clinic, method, path, {}, is_signed=False).status == 404
