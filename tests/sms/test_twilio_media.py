"""Pictures: from our own account only, of a bounded size, and no host but Twilio's API sees our credentials."""

from __future__ import annotations

import asyncio
import base64

import pytest

from textback.sms import Content, Fault, SendError
from textback.sms.console import Console
from textback.sms.twilio_media import LARGEST

from .fake_twilio import Answer, FakeTwilio, Request, drop, fake_twilio, hang, raw
from .test_twilio import ACCOUNT, TOKEN, twilio

PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'a' * 32}/Media/ME{'b' * 32}"
URL = f"https://api.twilio.com{PATH}"
STORED = "/stored/picture"


def fetch(answer: Answer, url: str = URL, **options: float) -> tuple[Content | SendError, list[Request]]:
    async def story() -> tuple[Content | SendError, list[Request]]:
        async with fake_twilio(answer) as server:
            provider = twilio(server.url, **options)
            try:
                return await provider.fetch(url.replace("HERE", server.url)), server.requests
            except SendError as error:
                return error, server.requests
            finally:
                await provider.close()

    return asyncio.run(story())


def fault(answer: Answer, url: str = URL, **options: float) -> SendError:
    found, _ = fetch(answer, url, **options)
    assert isinstance(found, SendError)
    assert not any(word in str(found) for word in ("http", ACCOUNT, TOKEN, "MM"))
    return found


def by_path(*answers: tuple[str, Answer]) -> Answer:
    async def answer(server: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
        assert request is not None
        await dict(answers)[request.path](server, request, writer)

    return answer


def test_a_picture_is_fetched_with_our_credentials() -> None:
    found, (request,) = fetch(raw(200, "picture", kind="image/JPEG; name=x"))
    assert found == Content(b"picture", "image/jpeg")
    assert (request.method, request.path) == ("GET", PATH)
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == f"{ACCOUNT}:{TOKEN}"


def test_where_twilio_moves_it_our_credentials_do_not_follow() -> None:
    moved = raw(307, "", f"Location: {STORED}")
    found, requests = fetch(by_path((PATH, moved), (STORED, raw(200, "picture", kind="image/png"))))
    assert found == Content(b"picture", "image/png")
    assert [request.path for request in requests] == [PATH, STORED]
    assert "authorization" in requests[0].headers and "authorization" not in requests[1].headers


@pytest.mark.parametrize(
    "url",
    [
        "", "picture", "file:///etc/passwd", "http://127.0.0.1:22/", "https://evil.example/" + PATH,
        URL.replace("twilio.com", "twilio.com.evil.example"), URL.replace("https://", "https://me@evil.example:1@"),
        URL.replace("https", "http"), URL.replace("https", "ftp"), URL.replace("api.", "api.twilio.com@evil."),
        URL.replace(ACCOUNT, "AC" + "1" * 32), URL + "/../../../Messages.json", URL + "/x", URL.replace("ME", "../ME"),
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json", URL.replace("MM", "%4DM"),
        "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_picture_of_our_account_is_never_asked_for(url: str) -> None:
    found, requests = fetch(raw(200, "secret", kind="image/png"), url)
    assert isinstance(found, SendError) and found.kind is Fault.PERMANENT
    assert requests == []


@pytest.mark.parametrize(
    "where", ["https://evil.example/x", "http://x.twiliocdn.com/x", "//evil.example/x", "file:///etc/passwd", "//[::1",
              "https://twiliocdn.com.evil.example/x", "https://eviltwiliocdn.com/x", "http://127.0.0.1:1/x"]
)  # fmt: skip
def test_nowhere_else_is_gone_to(where: str) -> None:
    found, requests = fetch(raw(302, "", f"Location: {where}"))
    assert isinstance(found, SendError) and found.kind is Fault.PERMANENT
    assert len(requests) == 1


def test_a_picture_that_is_moved_in_a_circle_is_given_up() -> None:
    around = raw(307, "", f"Location: {PATH}")
    found, requests = fetch(around)
    assert isinstance(found, SendError) and len(requests) == 3


@pytest.mark.parametrize("kind", ["image/png", "audio/amr", "video/3gpp", "application/pdf", "image/heic"])
def test_pictures_sounds_films_and_pdf_are_taken(kind: str) -> None:
    assert fetch(raw(200, "x", kind=kind))[0] == Content(b"x", kind)


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "", "image/", "text/plain"]
)
def test_what_a_browser_might_run_is_not(kind: str) -> None:
    assert fault(raw(200, "<script>", kind=kind)).kind is Fault.PERMANENT


def test_what_is_too_large_is_not_read_to_its_end() -> None:
    assert fault(raw(200, "x" * (LARGEST + 1), kind="image/png")).kind is Fault.PERMANENT


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (raw(404, ""), Fault.PERMANENT), (raw(410, ""), Fault.PERMANENT), (raw(401, ""), Fault.OURS),
        (raw(500, ""), Fault.UNKNOWN), (raw(204, ""), Fault.UNKNOWN), (raw(307, ""), Fault.UNKNOWN),
        (drop, Fault.UNKNOWN),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told_in_our_words(answer: Answer, kind: Fault) -> None:
    assert fault(answer).kind is kind


def test_a_provider_that_hangs_is_not_waited_for() -> None:
    assert fault(hang, timeout=0.2).kind is Fault.UNKNOWN


def test_a_console_has_no_pictures() -> None:
    with pytest.raises(SendError):
        asyncio.run(Console().fetch(URL))
