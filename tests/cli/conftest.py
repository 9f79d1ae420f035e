"""A folder with a configuration, commands run in it, and rows in its database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.practices import document, practice
from textback.cli import cli
from textback.store import calls, migrations, practices
from textback.store.engine import open_engine
from textback.store.tables import calls as table

NOON = 1795262400.0  # 2026-11-21T12:00:00Z

CONFIG = """
[database]
url = "sqlite:///{folder}/textback.db"
[http]
listen = "127.0.0.1:0"
[[pbx]]
name = "main"
kind = "asterisk"
host = "127.0.0.1"
port = {port}
username = "textback"
secret = "hush-hush"
trunks = ["PJSIP/trunk-*"]
inbound_contexts = ["from-trunk"]
"""


@dataclass
class Home:
    """What a test works in; ``config`` need not be the only one."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "textback.toml"

    def configure(self, more: str = "", port: int = 5038) -> None:
        self.config.write_text(CONFIG.format(folder=self.folder, port=port) + more)

    def run(self, *arguments: object, answers: str | None = None) -> Result:
        """A command with this configuration."""
        return CliRunner().invoke(cli, ["--config", str(self.config), *map(str, arguments)], input=answers)

    def done(self, *arguments: object, answers: str | None = None) -> str:
        """The same, which must succeed: what it printed."""
        result = self.run(*arguments, answers=answers)
        assert result.exit_code == 0, result.output
        return result.stdout

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def migrate(self) -> None:
        self.change(lambda connection: None)

    def change(self, job: Callable[[Any], object]) -> None:
        """Do something in the database, which is made if need be."""
        engine = open_engine(f"sqlite:///{self.folder / 'textback.db'}")
        migrations.upgrade(engine)
        with engine.begin() as connection:
            job(connection)
        engine.dispose()

    def want(self, **changes: Any) -> None:
        """Store the practice, changed."""
        wanted, name = document(**changes), practice(**changes).name
        self.change(lambda connection: practices.put(connection, name, wanted, "test", NOON))

    def log(self, *rows: dict[str, Any]) -> None:
        """Store calls."""
        for row in rows:
            self.change(lambda connection, row=row: calls.save(connection, [row]))


def call(number: int, **columns: Any) -> dict[str, Any]:
    """A call that began at NOON + number and ended 30 s later."""
    row: dict[str, Any] = dict.fromkeys(table.c.keys())
    row |= {"id": f"main/{number}", "pbx": "main", "caller": "+12025550111", "voicemail": False, "backfilled": False}
    row |= {"started_at": NOON + number, "ended_at": NOON + number + 30, "disposition": "abandoned"}
    row |= {"verdict": "skip", "reason": "flow_off", "why": "skip: texts of the flow abandoned are off"}
    return row | columns


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("TEXTBACK_CONFIG", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    made = Home(tmp_path)
    made.configure()
    return made
