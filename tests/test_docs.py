"""What README.md and docs/ tell to write into the two files is right, and what they point to is there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from textback import config
from textback.cli import cli
from textback.practice import Practice

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"(?:^ {4,}.*\n|^\n)+", re.MULTILINE)
_LINK = re.compile(r"\]\((?!\+)([^)\s]+)\)")  # [general](+) of Asterisk is none
_COMMAND = re.compile(r"(?:^ {4,}|`)textback ((?:[a-z]+[a-z-]* ?){1,2})", re.MULTILINE)


def blocks(page: str) -> list[str]:
    """The indented blocks of a page of docs/."""
    return [textwrap.dedent(block).strip() for block in _BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))]


def told(page: str, *tables: str) -> str:
    """The first block that begins with each of these tables, one after the other."""
    return "\n".join(next(block for block in blocks(page) if block.startswith(table)) for table in tables)


def practice_of(folder: Path, *tables: str) -> Practice:
    notify = told("notices.md", "[notify]\nemail")
    (folder / "practice.toml").write_text("\n".join([told("practice.md", *tables), notify]), "utf-8")
    return config.load_practice_file(folder / "practice.toml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text("utf-8")) if "://" not in link]
    missing = [link for link in links if not _is_there(page, link)]
    assert not missing


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists() or not anchor:
        return target.exists()
    headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for words in {tuple(found.split()) for found in _COMMAND.findall(page.read_text("utf-8"))}:
        group = cli.commands.get(words[0])
        assert group is not None, words
        if len(words) > 1 and hasattr(group, "commands"):
            assert words[1] in group.commands, words
        assert CliRunner().invoke(cli, [words[0], "--help"]).exit_code == 0


def test_each_page_of_the_documents_is_linked_from_the_readme() -> None:
    linked = _LINK.findall((ROOT / "README.md").read_text("utf-8"))
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= set(linked)


def test_their_textback_toml_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for file in ("ami-secret", "esl-secret", "secrets/twilio-token", "smtp-password"):
        (tmp_path / file).write_text("hush-hush")
    (tmp_path / "webhook-key").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    asterisk, freeswitch = (block for block in blocks("pbx.md") if block.startswith("[[pbx]]"))
    records = next(block for block in blocks("pbx.md") if block.startswith("queue_log"))
    text = "\n".join(
        [
            asterisk, records, freeswitch.replace('"main"', '"branch"'), told("pbx.md", "[agi]"),
            told("pages.md", "[http]"), told("twilio.md", "[sms]\nprovider", "[webhooks]"),
            told("notices.md", "[mail]"),
        ]
    )  # fmt: skip
    (tmp_path / "textback.toml").write_text(text.replace("/etc/textback/", ""), "utf-8")
    loaded = config.load(tmp_path / "textback.toml")
    assert loaded.agi and loaded.esl and loaded.webhooks and loaded.http.public_url
    assert loaded.ways.email and loaded.ways.webhook
    assert [(pbx.name, pbx.kind) for pbx in loaded.pbx] == [("main", "asterisk"), ("branch", "freeswitch")]


def test_their_practice_file_can_be_used(tmp_path: Path) -> None:
    practice = practice_of(tmp_path, "[practice]", "[abandoned]", "[guards]", "[chat]")
    assert practice.notify.after == 30.0 and len(practice.notify.email) == 1
    assert practice.quick_responses[0].title == "DOB Request"
    assert practice.call_to_text.for_queue("sales").after == 90.0 and practice.warnings() == []


def test_the_guards_that_they_show_are_the_defaults(tmp_path: Path) -> None:
    told_so, by_default = (practice_of(tmp_path, "[practice]", *more).guards for more in (("[guards]",), ()))
    assert told_so == by_default
