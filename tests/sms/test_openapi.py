"""Our Twilio against the description that the provider publishes of itself, served by Prism: an independent witness.

It is run by hand, with a folder in ``TEXTBACK_PRISM`` that holds Prism (``npm install @stoplight/prism-cli``) and
``twilio_api_v2010.json``, and maybe ``twilio_lookups_v2.json``, of https://github.com/twilio/twilio-oai. Prism answers
with the examples of the description, and refuses what the description does not allow.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from textback.model import LineType, Status
from textback.sms import Delivery, Fault, Outgoing, SendError
from textback.sms.twilio import Twilio

T = TypeVar("T")

ACCOUNT = "AC" + "a" * 32
#: The numbers of the examples; one record goes from the one to the other, one was got by the other.
EXAMPLE_FROM, EXAMPLE_TO = "+12019235161", "+18182008801"
EXAMPLE_TIME = 1_558_719_886.0
TEXT = Outgoing("5ac5f5ac-6f1c-4a53-9c8b-0e6ad8a1d5b2", EXAMPLE_TO, EXAMPLE_FROM, "testing")

_LISTENING = re.compile(rb"Prism is listening on (http://127\.0\.0\.1:[0-9]+)")


def _serve(description: str, place: Path) -> Iterator[str]:
    home = Path(os.environ.get("TEXTBACK_PRISM") or "/nonexistent")
    program, document = home / "node_modules/.bin/prism", home / description
    if not program.exists() or not document.exists():
        pytest.skip(f"TEXTBACK_PRISM names no folder with Prism and {description}")
    mended = place / description
    mended.write_text(json.dumps(_mended(json.loads(document.read_text()))))
    command = [program, "mock", "--errors", "-h", "127.0.0.1", "-p", "0", mended]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert server.stdout is not None
        found = next(filter(None, map(_LISTENING.search, server.stdout)))
        yield found[1].decode()
    finally:
        server.terminate()
        server.communicate()


def _mended(document: Any) -> Any:
    """The description without two mistakes, for which Prism refuses the description's own examples.

    It wants whole addresses where Twilio gives paths, and it does not say what may be null.
    """
    if isinstance(document, list):
        return [_mended(one) for one in document]
    if not isinstance(document, dict):
        return document
    kept = {key: _mended(value) for key, value in document.items() if (key, value) != ("format", "uri")}
    return kept | {"nullable": True} if document.get("type") in ("array", "integer", "object") else kept


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _serve("twilio_api_v2010.json", tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def lookups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _serve("twilio_lookups_v2.json", tmp_path_factory.mktemp("lookups"))


def ask(url: str, question: Callable[[Twilio], Awaitable[T]], account: str = ACCOUNT) -> T:
    async def story() -> T:
        provider = Twilio(account, "token", api_base=url, status_callback="https://texts.example/twilio/status")
        try:
            return await question(provider)
        finally:
            await provider.close()

    return asyncio.run(story())


def test_a_text_is_accepted(api: str) -> None:
    accepted = ask(api, lambda provider: provider.send(TEXT))
    assert (len(accepted.provider_id), accepted.status, accepted.segments) == (34, Status.SENT, 1)


def test_a_text_is_found_in_the_list(api: str) -> None:
    found = ask(api, lambda provider: provider.find(TEXT, EXAMPLE_TIME, ()))
    assert found is not None and found.provider_id == "SMded05904ccb347238880ca9264e8fe1c"


def test_a_text_that_is_not_in_the_list_is_not_found(api: str) -> None:
    other = Outgoing(TEXT.id, EXAMPLE_TO, EXAMPLE_FROM, "something else")
    assert ask(api, lambda provider: provider.find(other, EXAMPLE_TIME, ())) is None


def test_replies_are_listed_with_their_pictures(api: str) -> None:
    (text,) = ask(api, lambda provider: provider.received(EXAMPLE_TO, EXAMPLE_TIME - 60.0))
    assert (text.provider_id, text.sender) == ("MMc26223853f8c46b4ab7dfaa6abba0a26", EXAMPLE_FROM)
    assert (text.body, text.at) == ("look mom I have media!", EXAMPLE_TIME)
    assert [one.content_type for one in text.media] == ["image/jpeg"]


def test_delivery_states_are_listed(api: str) -> None:
    found = ask(api, lambda provider: provider.deliveries(EXAMPLE_FROM, EXAMPLE_TIME - 60.0))
    assert found == [Delivery("SMded05904ccb347238880ca9264e8fe1c", Status.SENT)]


def test_a_number_is_looked_up(lookups: str) -> None:
    assert ask(lookups, lambda provider: provider.line_type("+14159929960")) in (None, *LineType)


@pytest.mark.parametrize(
    "question",
    [
        lambda provider: provider.send(TEXT),
        lambda provider: provider.find(TEXT, EXAMPLE_TIME, ()),
        lambda provider: provider.received(EXAMPLE_TO, EXAMPLE_TIME),
        lambda provider: provider.deliveries(EXAMPLE_FROM, EXAMPLE_TIME),
    ],
    ids=["send", "find", "received", "deliveries"],
)
def test_the_witness_refuses_what_is_not_described(api: str, question: Callable[[Twilio], Awaitable[object]]) -> None:
    with pytest.raises(SendError) as error:
        ask(api, question, account="AC5")
    assert error.value.kind is Fault.UNKNOWN
