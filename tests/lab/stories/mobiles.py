"""Calls that go on to a mobile phone, and those that the PBX makes by itself."""

from __future__ import annotations

from ..house import House
from . import ends


@ends("answered", answered_by="12025553247", queue=None)
def the_desks_user_answers_on_the_mobile_phone(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552247")
    house.desks.rings("347")
    house.outside.rings("12025553247").answer()
    caller.wait("up")
    house.bridged(number)
    house.interval()
    caller.hang_up()


@ends("missed", queue=None)
def neither_the_desk_nor_the_mobile_phone_is_answered(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025552348")
    house.desks.rings("348")
    house.outside.rings("12025553248")
    house.interval()
    caller.hang_up()


@ends(None)
def the_pbx_calls_somebody_back_and_lets_them_wait_in_a_queue(house: House, number: str) -> None:
    house.ami.ask(
        "Originate",
        Channel=f"Local/{number}@from-internal/n",
        Context="from-internal",
        Exten="555",
        Priority=1,
        CallerID=f"<{number}>",
        Async="true",
    )
    called = house.outside.rings(number).answer()
    house.ami.wait_event("QueueCallerJoin", Queue="team355")
    house.interval()
    called.hang_up()
    house.ami.wait_event("QueueCallerLeave", Queue="team355")
