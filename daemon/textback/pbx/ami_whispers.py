"""Prompts that are played to callers where they wait: a channel of ours whispers to theirs (ChanSpy)."""

from __future__ import annotations

import asyncio
import secrets

from textback.pbx import dialplan
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_callers import AmiCallers
from textback.pbx.waiting import Waiting
from textback.pbx.channel import Whisper
from textback.pbx.patience import Patience
from textback.pbx.watch import Watch

#: prompts that play at the same time: 100 cost Asterisk half a core
VOICES = 100
#: seconds; no prompt is that short
TOO_SHORT = 0.5


class Whispers:
    """Plays to callers who wait, until they wait no more."""

    def __init__(self, actions: Actions, callers: AmiCallers, watch: Watch, patience: Patience) -> None:
        self._actions = actions
        self._callers = callers
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
        whisper = Whisper(f"tb-{caller.uniqueid}-{secrets.token_hex(4)}")
        self._callers.whispers[whisper.uniqueid] = whisper
        try:
            if not await self._begin(whisper, caller, sounds, language):
                return False
            await self._watch.until(
                lambda: whisper.gone_at is not None or not caller.waits(),
                whisper.uniqueid,
                caller.uniqueid,
                seconds=self._patience.prompt,
            )
            self._judge(whisper, caller)
            return True
        finally:
            await self._hush(whisper)
            del self._callers.whispers[whisper.uniqueid]

    async def _begin(self, whisper: Whisper, caller: Waiting, sounds: str, language: str | None) -> bool:
        variables = [f"TEXTBACK_CHANNEL={caller.uniqueid}", "CDR_PROP(disable)=1"]
        action = {
            "Action": "Originate",
            "Channel": f"Local/s@{dialplan.WHISPER}/n",
            "ChannelId": whisper.uniqueid,
            "OtherChannelId": f"{whisper.uniqueid}-2",
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
            whisper.is_asked_for = True
            whisper.is_asked_for = await self._actions.do_now(action)
        return whisper.is_asked_for and await self._came(whisper)

    async def _came(self, whisper: Whisper) -> bool:
        came = await self._watch.until(
            lambda: whisper.came_at is not None, whisper.uniqueid, seconds=self._patience.begin
        )
        if not came and not self._watch.is_over:
            self._actions.once.warn("no whisper", "a prompt was asked for, but no channel came to play it")
        return came

    def _judge(self, whisper: Whisper, caller: Waiting) -> None:
        if whisper.came_at is None or whisper.gone_at is None or not caller.waits():
            return
        if whisper.gone_at - whisper.came_at < TOO_SHORT:
            self._actions.once.warn(
                "short whisper",
                "a prompt to a caller who waits was over at once: are app_chanspy and the sounds textback/*.wav there?",
            )

    async def _hush(self, whisper: Whisper) -> None:
        """End it. A hang-up right behind the Originate would find no channel, and the whisper would live."""
        if whisper.is_asked_for and whisper.gone_at is None and await self._came(whisper) and whisper.gone_at is None:
            await self._actions.do({"Action": "Hangup", "Channel": whisper.uniqueid})
