from __future__ import annotations

import io
import json
import logging

from textback import logs
from textback.config import Log
from textback.numbers import Masked

log = logging.getLogger("textback.calls")


class Written(io.StringIO):
    """What stands in the log, once everything is written."""

    def getvalue(self) -> str:
        for handler in logging.getLogger().handlers:
            handler.flush()
        return super().getvalue()


def set_up(**settings: object) -> io.StringIO:
    stream = Written()
    logs.set_up(Log.model_validate(settings), stream)
    return stream


def test_a_line_of_text_has_time_level_and_who_says_it() -> None:
    stream = set_up()
    log.info("link is up")
    time, rest = stream.getvalue().split(" ", 1)
    assert (len(time), time[-1], rest) == (24, "Z", "INFO calls: link is up\n")


def test_numbers_are_masked_wherever_they_stand() -> None:
    stream = set_up()
    log.info("%s and %s and %d", Masked("+12025550143"), "+12025550144", 5)
    assert stream.getvalue().endswith("calls: +1202•••0143 and +1202•••0144 and 5\n")


def test_unless_they_are_wanted() -> None:
    stream = set_up(log_numbers=True)
    log.info("%s and %s", Masked("+12025550143"), Masked(None))
    assert stream.getvalue().endswith("calls: +12025550143 and withheld\n")


def test_json_lines_hold_the_same_and_the_exception() -> None:
    stream = set_up(format="json")
    try:
        raise ValueError("from +12025550143")
    except ValueError:
        log.exception("it failed")
    told = json.loads(stream.getvalue())
    assert (told["level"], told["logger"], told["message"]) == ("error", "textback.calls", "it failed")
    assert told["exception"].endswith("\nValueError")


def test_a_stranger_cannot_begin_a_line() -> None:
    stream = set_up()
    log.warning("caller %s", "x\n2026-11-21T00:00:00.000Z ERROR calls: all is lost\x1b[2J")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_others_speak_only_of_trouble() -> None:
    stream = set_up(level="debug")
    log.debug("ours")
    logging.getLogger("asyncio").info("theirs")
    logging.getLogger("asyncio").warning("trouble")
    assert [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()] == ["calls: ours", "asyncio: trouble"]


def test_the_level_is_the_configured_one() -> None:
    stream = set_up(level="error")
    log.warning("not told")
    assert stream.getvalue() == ""
