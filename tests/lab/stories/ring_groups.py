"""Ring groups: phones dialled directly, and through Local channels as FreePBX does it."""

from __future__ import annotations

from ..house import House
from . import ends


@ends("answered", answered_by="302", queue=None)
def one_desk_of_a_ring_group_answers(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551801")
    house.desks.rings("301")
    house.desks.rings("302").answer()
    house.interval()
    caller.wait("up").hang_up()


@ends("missed", queue=None)
def the_caller_gives_up_while_a_ring_group_rings(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551803")
    house.desks.rings("303")
    house.desks.rings("304")
    house.interval()
    caller.hang_up()


@ends("missed", queue=None)
def one_desk_of_a_ring_group_is_busy_and_the_other_does_not_answer(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551857")
    house.desks.rings("357").refuse("486 Busy Here")
    house.desks.rings("358")
    house.interval()
    caller.hang_up()


@ends("answered", answered_by="306", queue=None)
def one_desk_of_a_group_of_local_channels_answers(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551905")
    house.desks.rings("305")
    house.desks.rings("306").answer()
    caller.wait("up")
    house.bridged(number)
    house.interval()
    caller.hang_up()


@ends("missed", queue=None)
def the_caller_gives_up_while_a_group_of_local_channels_rings(house: House, number: str) -> None:
    caller = house.outside.call(number, "12025551907")
    house.desks.rings("307")
    house.desks.rings("308")
    house.interval()
    caller.hang_up()
