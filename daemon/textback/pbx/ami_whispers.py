"""Prompts that are played to callers where they wait: a helper channel whispers to theirs (ChanSpy)."""

from __future__ import annotations

import asyncio
import secrets

from textback.pbx import dialplan
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_waiting import Waiting
from textback.pbx.channel import Helper
from textback.pbx.patience import Patience
from textback.pbx.watch import Watch

#: prompts that play at the same time: 100 cost Asterisk half a core
VOICES = 100
#: seconds; no prompt is that short
TOO_SHORT = 0.5


class Whispers:
    """Plays to callers who wait, until they wait no more."""

    def __init__(self, actions: Actions, watch: Watch, patience: Patience) -> None:
        self._actions = actions
        self._watch = watch
        self._patience = patience
        self._voices = asyncio.Semaphore(VOICES)

    async def play(self, caller: Waiting, sounds: str, language: str | None) -> bool:
        """Return when it is over; False if it could not begin. Whoever cancels this ends it."""
        if not caller.hears() or not await self._actions.needs(dialplan.WHISPER):
            return False
        async with self._voices:
            return not caller.waits() or await self._play(caller, sounds, language)

    async def _play(self, caller: Waiting, sounds: str, language: str | None) -> bool:
        # Not to be taken for another one: an older one may still play, for this daemon or for another.
        helper = Helper(f"tb-{caller.uniqueid}-{secrets.token_hex(4)}")
        caller.callers.helpers[helper.uniqueid] = helper
        try:
            if not await self._begin(helper, caller, sounds, language):
                return False
            await self._watch.until(
                lambda: helper.gone_at is not None or not caller.waits(),
                helper.uniqueid,
                caller.uniqueid,
                seconds=self._patience.prompt,
            )
            self._judge(helper, caller)
            return True
        finally:
            await self._hush(helper)
            del caller.callers.helpers[helper.uniqueid]

    async def _begin(self, helper: Helper, caller: Waiting, sounds: str, language: str | None) -> bool:
        variables = [f"TEXTBACK_CHANNEL={caller.uniqueid}", "CDR_PROP(disable)=1"]
        action = {
            "Action": "Originate",
            "Channel": f"Local/s@{dialplan.WHISPER}/n",
            "ChannelId": helper.uniqueid,
            "OtherChannelId": f"{helper.uniqueid}-2",
            "Application": "Playback",
            "Data": sounds,
            "CallerID": '"textback" <textback>',
            "Variable": ",".join([*variables, *([f"CHANNEL(language)={language}"] if language else [])]),
            "Timeout": "5000",
            "Async": "true",
        }
        async with self._actions.slots:
            if not caller.waits():
                return True
            helper.is_asked_for = True
            helper.is_asked_for = await self._actions.do_now(action)
        return helper.is_asked_for and await self._came(helper)

    async def _came(self, helper: Helper) -> bool:
        came = await self._watch.until(
            lambda: helper.came_at is not None, helper.uniqueid, seconds=self._patience.begin
        )
        if not came and not self._watch.is_over:
            self._actions.once.warn("no whisper", "a prompt was asked for, but no channel came to play it")
        return came

    def _judge(self, helper: Helper, caller: Waiting) -> None:
        if helper.came_at is None or helper.gone_at is None or not caller.waits():
            return
        if helper.gone_at - helper.came_at < TOO_SHORT:
            self._actions.once.warn(
                "short whisper",
                "a prompt to a caller who waits was over at once: are app_chanspy and the sounds textback/*.wav there?",
            )

    async def _hush(self, helper: Helper) -> None:
        """End it. A hang-up right behind the Originate would find no channel, and the helper would live."""
        if helper.is_asked_for and helper.gone_at is None and await self._came(helper) and helper.gone_at is None:
            await self._actions.do({"Action": "Hangup", "Channel": helper.uniqueid})
