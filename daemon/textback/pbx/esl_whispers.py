"""Prompts that are played to callers where they wait: uuid_broadcast, which no queue notices."""

from __future__ import annotations

from textback.pbx.esl_actions import Actions
from textback.pbx.patience import Patience
from textback.pbx.waiting import Waiting
from textback.pbx.watch import Watch


class Whispers:
    """Plays to callers who wait, until they wait no more.

    ``language``: of the prompts for who has none of their own. They are looked for where FreeSWITCH has its sounds:
    ``LANGUAGE/textback/offer.wav``.
    """

    def __init__(self, actions: Actions, watch: Watch, language: str, patience: Patience) -> None:
        self._actions = actions
        self._watch = watch
        self._language = language
        self._patience = patience
        self._sounds: str | None = None

    async def play(self, caller: Waiting, sounds: str, language: str | None) -> bool:
        """Return when it is over; False if it could not begin. Whoever cancels this ends it."""
        files = await self._files(sounds, language)
        if files is None or not caller.hears():
            return False
        if not caller.waits():
            return True
        is_over = False
        try:
            has_begun = await self._actions.do(f"uuid_broadcast {caller.uniqueid} {_joined(files)} aleg")
            if has_begun:
                await self._watch.until(lambda: not caller.waits(), caller.uniqueid, seconds=self._patience.prompt)
            is_over = True
        finally:
            if not is_over and caller.waits():  # another prompt comes: this one, and no more, is broken off
                await self._actions.do(f"uuid_break {caller.uniqueid}")
        return has_begun

    async def _files(self, sounds: str, language: str | None) -> list[str] | None:
        """The files to be played, in the caller's language if all of them are there; None if they are not."""
        folder = self._sounds = self._sounds or await self._actions.ask("global_getvar sounds_dir")
        if folder is None:
            return None
        for spoken in dict.fromkeys((language or self._language, self._language)):
            files = [f"{folder}/{spoken}/{name}.wav" for name in sounds.split("&")]
            if all([await self._actions.ask(f"file_exists {file}") == "true" for file in files]):
                return files
        self._actions.once.warn("sounds", f"nothing is told to callers who wait, as there is no {files[0]}")
        return None


def _joined(files: list[str]) -> str:
    return files[0] if len(files) == 1 else "file_string://" + "!".join(files)
