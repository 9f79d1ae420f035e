"""What README.md tells to write into the two files is right."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from textback import config
from textback.practice import Practice

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"(?:^ {4,}.*\n|^\n)+", re.MULTILINE)


def told(*tables: str) -> str:
    """The first block of README.md that begins with each of these tables, one after the other."""
    blocks = [textwrap.dedent(block).strip() for block in _BLOCK.findall(README.read_text("utf-8"))]
    return "\n".join(next(block for block in blocks if block.startswith(table)) for table in tables)


def practice_of(folder: Path, *tables: str) -> Practice:
    (folder / "practice.toml").write_text(told(*tables), "utf-8")
    return config.load_practice_file(folder / "practice.toml")


def test_its_textback_toml_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush-hush")
    links, _, _ = told("[database]").partition("[sms]")
    text = links + told("[agi]", "[webhooks]", "[http]", "[sms]\nprovider", "[log]")
    for file in ("ami-secret", "twilio-token"):
        text = text.replace(f"/etc/textback/{file}", "secret")
    (tmp_path / "textback.toml").write_text(text, "utf-8")
    loaded = config.load(tmp_path / "textback.toml")
    assert loaded.log == config.Log(), "what it shows are the defaults"
    assert loaded.agi and loaded.webhooks and loaded.http.public_url and loaded.pbx[0].name == "main"


def test_its_practice_file_can_be_used(tmp_path: Path) -> None:
    practice = practice_of(tmp_path, "[practice]", "[guards]", "[call_to_text]", "[chat]")
    assert practice.quick_responses[0].title == "DOB Request"
    assert practice.call_to_text.for_queue("sales").after == 90.0 and practice.warnings() == []


def test_the_guards_that_it_shows_are_the_defaults(tmp_path: Path) -> None:
    assert practice_of(tmp_path, "[practice]", "[guards]").guards == practice_of(tmp_path, "[practice]").guards
