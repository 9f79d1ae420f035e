"""What our log tells of exceptions, of other people's code and of what nobody caught: never their words."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from greenswitch.esl import InboundESL
from panoramisk.ami_protocol import AMIProtocol

from textback import logs
from textback.config import Log
from textback.logs.traces import FRAMES, trace_of
from textback.sms import Fault, SendError

NUMBER, BODY, SECRET = "12025550143", " ".join(("I am", "pregnant,", "call me")), "hunter2hunter2"
SECRETS = (NUMBER, NUMBER[1:], BODY, "pregnant", SECRET)

log = logging.getLogger("textback.calls")


@pytest.fixture(params=["text", "json"])
def said(request: pytest.FixtureRequest) -> Callable[[], str]:
    """What stands in the log; fails if any of the secrets does, or if a line is none."""
    stream = io.StringIO()
    outlet = logs.set_up(Log(level="debug", format=request.param), stream)

    def told() -> str:
        outlet.flush()
        text = stream.getvalue()
        assert text and not [secret for secret in SECRETS if secret in text], text
        if request.param == "json":
            text = "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in text.splitlines())
        return text

    return told


def fail(words: str = f"{NUMBER}: {BODY}") -> None:
    raise ValueError(words)


# -- exceptions ------------------------------------------------------------------------------------------------


def test_an_exception_is_told_by_its_kind_and_its_place(said: Callable[[], str]) -> None:
    try:
        fail()
    except ValueError:
        log.exception("it failed")
    assert "ValueError" in said() and "in fail" in said()


def test_so_are_its_cause_what_was_done_meanwhile_and_the_members_of_a_group(said: Callable[[], str]) -> None:
    try:
        try:
            try:
                fail()
            except ValueError as error:
                raise KeyError(BODY) from error
        except KeyError:
            raise ExceptionGroup(BODY, [RuntimeError(NUMBER), SendError("no such account", Fault.OURS)])  # noqa: B904
    except ExceptionGroup:
        log.exception("it failed")
    told = said()
    for word in ("ValueError", "KeyError", "ExceptionGroup", "RuntimeError", "textback.sms.SendError: no such account"):
        assert word in told


def test_words_of_ours_and_those_of_the_system_are_told() -> None:
    assert trace_of(SendError("no such account", Fault.OURS)) == "textback.sms.SendError: no such account"
    assert trace_of(OSError(28, NUMBER)) == "OSError: No space left on device"
    assert trace_of(OSError(BODY)) == "OSError"


def test_a_chain_without_an_end_has_one() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first).count("ValueError") == 2

    def deep(number: int) -> None:
        deep(number + 1) if number < 200 else fail()

    try:
        deep(0)
    except ValueError as error:
        assert trace_of(error).count("File ") <= FRAMES


# -- other people's code ---------------------------------------------------------------------------------------


def test_libraries_that_write_what_they_work_on_into_their_messages_do_not_get_it_into_ours(
    said: Callable[[], str],
) -> None:
    """As they do it themselves: panoramisk with what it could not send, greenswitch with an event it could not take."""

    async def log_in() -> None:
        protocol = AMIProtocol()
        protocol.connection_made(None)
        protocol.send({"Action": "Login", "Secret": SECRET})

    asyncio.run(log_in())

    class Event:
        headers = {"Caller-Caller-ID-Number": NUMBER, "body": BODY}

    InboundESL("127.0.0.1", 1, SECRET)._safe_exec_handler(lambda event: fail(), Event())
    told = said()
    assert told.count("trouble in") >= 2 and "_safe_exec_handler" in told


@pytest.mark.parametrize("args", [(NUMBER,), ()])
def test_what_others_say_is_told_as_it_stands_in_their_source(said: Callable[[], str], args: tuple[str, ...]) -> None:
    other = logging.getLogger("aiohttp.client")
    other.warning("Can not load response cookies: %s" if args else "Invalid HTTP request received.", *args)
    assert ("Can not load response cookies: %s" if args else "Invalid HTTP request received.") in said()


def test_what_they_have_put_together_is_told_by_its_place_only(said: Callable[[], str]) -> None:
    logging.getLogger("aiohttp.client").error(f"no answer to {BODY}")
    logging.getLogger("root").error(BODY)
    assert said().count("trouble in test_what_they_have_put_together_is_told_by_its_place_only (test_redaction:") == 2


def test_a_warning_is_told_by_its_kind_and_its_place(said: Callable[[], str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"unclosed {NUMBER} {BODY}", ResourceWarning, stacklevel=1)
    assert "ResourceWarning" in said() and "test_redaction.py" in said()


# -- what nobody caught ----------------------------------------------------------------------------------------


def test_a_task_that_nobody_waits_for_is_told_without_what_it_held(
    said: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        logs.watch_loop(asyncio.get_running_loop())

        async def send_text(body: str) -> None:
            fail(body)

        task = asyncio.create_task(send_text(BODY))
        await asyncio.wait({task})
        del task
        asyncio.get_running_loop().call_soon(fail)
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError(BODY))
        del future
        await asyncio.sleep(0)

    asyncio.run(story())
    told = said()
    assert told.count("that nobody caught") == 3 and "send_text" in told and "Future" in told
    assert capfd.readouterr() == ("", "")


def test_a_thread_that_ends_by_a_fault_is_told(said: Callable[[], str], capfd: pytest.CaptureFixture[str]) -> None:
    logs.catch_strays()
    thread = threading.Thread(target=fail, name=NUMBER)
    thread.start()
    thread.join()
    assert "a fault of ours ended a thread" in said() and capfd.readouterr() == ("", "")


def test_a_fault_that_ends_the_process_is_told(said: Callable[[], str], capfd: pytest.CaptureFixture[str]) -> None:
    logs.catch_strays()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert "a fault of ours ends the daemon" in said() and capfd.readouterr() == ("", "")


def test_what_cannot_be_raised_is_told(said: Callable[[], str], capfd: pytest.CaptureFixture[str]) -> None:
    class Held:
        def __repr__(self) -> str:
            return BODY

        def __del__(self) -> None:
            fail()

    logs.catch_strays()
    held: Any = Held()
    del held
    assert "a fault that nobody could catch" in said() and capfd.readouterr() == ("", "")


def test_a_greenlet_that_ends_by_a_fault_is_told(said: Callable[[], str], capfd: pytest.CaptureFixture[str]) -> None:
    import gevent

    from textback.pbx.esl_thread import Thread

    thread = Thread("textback-test", lambda: None)
    thread.do(lambda: gevent.spawn(fail).join()).result(10)
    thread.stop()
    thread.ended.result(10)
    assert "a fault of ours in the thread of a link" in said() and capfd.readouterr() == ("", "")


# -- numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("answered by 12025550143 after 42 s", "answered by 120•••0143 after 42 s"),
        ("from 12025550143.", "from 120•••0143."), ("(+12025550143)", "(+1202•••0143)"),
        ("number=2025550143;", "number=202•••0143;"),
    ],
)  # fmt: skip
def test_numbers_are_masked_however_they_are_written(words: str, told: str, said: Callable[[], str]) -> None:
    log.info("%s", words)
    assert told in said()


@pytest.mark.parametrize(
    "words",
    ["main/1793563200.12 skip", "call 1793563200.12 forged", "branch/12345678-9abc-4def-8123-123456789012 skip",
     "message 12345678-1234-1234-1234-123456789012: sent", "SM12345678901234567890123456789012", "127.0.0.1:50380"],
)  # fmt: skip
def test_ids_are_not(words: str, said: Callable[[], str]) -> None:
    log.info("%s", words)
    assert words in said()


def test_a_decision_has_its_call_and_reason_in_json() -> None:
    stream = io.StringIO()
    outlet = logs.set_up(Log(format="json"), stream)
    log.info("decided", extra={"told": {"call": "main/1.1", "verdict": "skip", "reason": "cooldown"}})
    outlet.flush()
    told = json.loads(stream.getvalue())
    assert (told["call"], told["verdict"], told["reason"]) == ("main/1.1", "skip", "cooldown")
