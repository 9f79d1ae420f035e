"""The console provider prints texts and obeys nothing that is in them."""

from __future__ import annotations

import asyncio

import pytest

from textback.model import Status
from textback.sms import Accepted, Fault, Outgoing, Provider, SendError
from textback.sms.console import Console

TEXT = Outgoing("6f1c", "+15555550203", "+15555550100", "Sorry we missed you")


def test_a_text_is_one_line_with_number_line_and_body() -> None:
    shown: list[str] = []
    provider: Provider = Console(shown.append)
    assert asyncio.run(provider.send(TEXT)) == Accepted("console-6f1c", Status.SENT)
    assert shown == ["text to +15555550203 from +15555550100: Sorry we missed you"]


def test_it_prints_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(Console().send(TEXT))
    assert capsys.readouterr().out == "text to +15555550203 from +15555550100: Sorry we missed you\n"


def test_control_characters_are_shown_and_not_obeyed() -> None:
    shown: list[str] = []
    asyncio.run(Console(shown.append).send(Outgoing("1", "+1", "+2", "a\nb\x1b[2Jc\u202ed é 👍")))
    assert shown == ["text to +1 from +2: a\\nb\\x1b[2Jc\\u202ed é 👍"]


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_an_output_that_is_gone_is_our_fault(error: Exception) -> None:
    def gone(line: str) -> None:
        raise error

    with pytest.raises(SendError) as raised:
        asyncio.run(Console(gone).send(TEXT))
    assert raised.value.kind is Fault.OURS


def test_nothing_printed_can_be_looked_up() -> None:
    assert asyncio.run(Console().find(TEXT, 0.0, ())) is None
