"""Callers at a steady rate, each with a number of their own, for as long as it lasts."""

from __future__ import annotations

import asyncio
import random
import time

from tests.soak.kinds import KINDS, NAMES
from tests.soak.posts import Posts
from tests.soak.switch import Switch

_AREAS = ("202", "212", "305", "312", "404", "415", "503", "602", "617", "702", "206", "303")


class Load:
    """``rate`` callers a second on PBXes that are on. ``lags``: how late each of them began, in seconds."""

    def __init__(self, switches: list[Switch], posts: Posts, rate: float, seed: int) -> None:
        self.begun = self.turned_off = 0
        self.lags: list[float] = []
        self._switches, self._posts, self._rate = switches, posts, rate
        self._chance = random.Random(seed)

    async def run(self, seconds: float) -> None:
        """Begin callers for so long; those who are on the line then stay."""
        began, weights = time.monotonic(), [weight for weight, _ in KINDS.values()]
        for serial in range(int(seconds * self._rate)):
            due = began + serial / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.lags.append(time.monotonic() - due)
            switch = self._chance.choice(self._switches)
            kind = self._chance.choices(list(KINDS), weights)[0]
            acts = KINDS[kind][1](self._chance)
            if not switch.is_on:
                self.turned_off += 1
                continue
            number = "" if kind == "withheld" else number_of(serial)
            if kind == "says stop":
                self._posts.stoppers[f"+{number}"] = asyncio.Event()
            if kind == "again":  # a conversation with the staff would be another reason not to text them
                self._posts.silent.add(f"+{number}")
            switch.call(number, self._chance.choice(NAMES), kind, acts)
            self.begun += 1


def number_of(serial: int) -> str:
    """As a trunk sends it; there are twelve million, and none of them leaves this machine."""
    return f"1{_AREAS[serial % len(_AREAS)]}7{serial // len(_AREAS):06}"
