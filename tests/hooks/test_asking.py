from __future__ import annotations

import asyncio

import pytest

from tests.hooks.desks import HASTY, FakeDesk
from textback.hooks.asking import DeskFault, PatientDesk
from textback.hooks.desk import Answer, Caller, Offer
from textback.hooks.patience import Patience

CALLER = Caller("main", "1.2", "PJSIP/trunk-1", "12025550143")
FORGER = Caller("main", "1.2", "PJSIP/trunk-1", "12025550143", tampered=True)


def test_what_the_desk_answers_is_passed_on() -> None:
    desk = PatientDesk(FakeDesk(answers=[Answer("refused", "landline")]), Patience(), lambda fault: None)

    assert asyncio.run(desk.call_to_text(CALLER, "2025550199")) == Answer("refused", "landline")


def test_who_forged_lines_is_refused_without_asking() -> None:
    behind = FakeDesk()
    desk = PatientDesk(behind, Patience(), lambda fault: None)

    assert asyncio.run(desk.may_offer(FORGER)) == Offer(False, "bad_number")
    assert asyncio.run(desk.call_to_text(FORGER, "2025550199")) == Answer("refused", "bad_number")
    assert behind.asked == []


def test_a_fault_is_told_with_its_cause() -> None:
    told: list[DeskFault] = []
    gone = RuntimeError("database gone")
    desk = PatientDesk(FakeDesk(fails=gone), Patience(), told.append)

    with pytest.raises(DeskFault) as caught:
        asyncio.run(desk.is_open(CALLER))

    assert told == [caught.value]
    assert (told[0].asked, told[0].reason, told[0].__cause__) == ("is_open", "fault", gone)


def test_a_desk_that_hangs_is_cancelled_when_its_time_is_over() -> None:
    ended: list[str] = []

    class Hanging(FakeDesk):
        async def handled(self, caller: Caller) -> bool:
            try:
                return await asyncio.Event().wait()
            finally:
                ended.append("handled")

    with pytest.raises(DeskFault, match="handled: timeout"):
        asyncio.run(PatientDesk(Hanging(), HASTY, lambda fault: None).handled(CALLER))

    assert ended == ["handled"]


def test_the_end_of_a_hook_is_no_fault_of_the_desk() -> None:
    told: list[DeskFault] = []
    behind = FakeDesk(hangs="about")

    async def story() -> None:
        hook = asyncio.create_task(PatientDesk(behind, Patience(ask=3600.0), told.append).about(CALLER))
        while not behind.asked:
            await asyncio.sleep(0)
        hook.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hook

    asyncio.run(story())
    assert told == []
