"""A running daemon reads its configuration anew: what changed takes effect, and a mistake changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from textback import logs
from textback.app import App
from textback.config import ConfigError, Log, load
from textback.listen import ListenError
from textback.sd_notify import Systemd

log = logging.getLogger("textback")


class Reloading:
    """Reads ``path`` again whenever ``wanted`` is set."""

    def __init__(self, app: App, path: Path, wanted: asyncio.Event, systemd: Systemd) -> None:
        self._app, self._path, self._wanted, self._systemd = app, path, wanted, systemd
        self._log: Log | None = None

    async def run(self) -> None:
        """Wait for it until cancelled; what is wanted while the daemon begins is done then."""
        await self._app.begun.wait()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self._systemd.reloading()
            await self._read()
            self._systemd.ready()

    async def _read(self) -> None:
        try:
            config = await asyncio.to_thread(load, self._path)
            self._app.refuse_silence(config, self._path)
            plan = await self._app.prepare(config)
        except ConfigError as wrong:
            self._refuse(f"{self._path}: {mistake}" for mistake in wrong.mistakes)
        except (ListenError, OSError) as error:
            self._refuse([str(error)])
        except Exception as error:  # a fault of ours, found before anything changed: the calls come first
            self._refuse([f"a fault of ours: {type(error).__name__}"], error)
        else:
            if config.log != self._log:
                self._log = config.log
                logs.set_up(config.log)
            for line in self._app.become(plan) or ["nothing has changed"]:
                log.info("%s read anew: %s", self._path, line)
            self._app.say_besides("")

    def _refuse(self, mistakes: Iterable[str], fault: Exception | None = None) -> None:
        told = list(mistakes)
        for line in told:
            log.error("%s", line, exc_info=fault)
        kept = f"{self._path} was not taken, and all goes on as before"
        log.error("%s: mend it, and reload again", kept)
        self._app.say_besides(f"{kept}: {told[0]}" + (f" (and {len(told) - 1} more)" if len(told) > 1 else ""))
