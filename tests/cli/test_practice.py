from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.practices import document
from textback.cli import toml
from textback.model import Role, Staff
from textback.store import practices
from textback.web.pages.settings import saving
from textback.web.pages.settings.sheets import SHEETS

from .conftest import NOON, Home


@pytest.fixture
def ready(home: Home) -> Home:
    home.migrate()
    return home


def put(home: Home, name: str = "practice.toml", /, **changes: Any) -> str:
    return str(home.write(name, toml.dumps(document(**changes))))


def on_the_page(home: Home, **changes: Any) -> None:
    home.change(lambda connection: practices.put(connection, "Riverside", document(**changes), "ann", NOON))


def version(home: Home) -> int:
    return int(json.loads(home.done("practice", "list", "--json"))["version"])


def test_apply_loads_a_file_and_applying_it_again_changes_nothing(ready: Home) -> None:
    file = put(ready)
    assert ready.done("practice", "apply", file) == "Riverside: added, version 1\n"
    assert ready.done("practice", "apply", file) == "Riverside: nothing changed\n"
    assert version(ready) == 1


def test_apply_says_key_by_key_what_changed(ready: Home) -> None:
    ready.done("practice", "apply", put(ready))
    told = ready.done("practice", "apply", put(ready, abandoned__min_hold="10s", guards__settle="20s"))
    assert told.splitlines() == [
        'Riverside: abandoned.min_hold: (default) -> "10s"',
        'Riverside: guards.settle: (default) -> "20s"',
        "Riverside: 2 changed, version 2",
    ]


def test_an_export_that_is_applied_as_it_is_changes_nothing(ready: Home) -> None:
    ready.done("practice", "apply", put(ready, hours={"mon": ["08:00-12:00", "13:00-17:00"], "closed": ["2026-12-24"]}))
    exported = ready.folder / "export.toml"
    ready.done("practice", "export", "Riverside", "--output", exported)
    assert ready.done("practice", "apply", exported) == "Riverside: nothing changed\n"
    assert exported.read_text() == ready.done("practice", "export", "Riverside")
    assert 'mon = ["08:00-12:00", "13:00-17:00"]' in exported.read_text()


def test_a_file_older_than_what_the_page_changed_is_refused_unless_forced(ready: Home) -> None:
    ready.done("practice", "apply", put(ready))
    exported = ready.write("export.toml", ready.done("practice", "export", "Riverside"))
    on_the_page(ready, abandoned__min_hold="9s")
    for stale in (exported, put(ready, guards__settle="20s")):
        result = ready.run("practice", "apply", stale)
        assert (result.exit_code, version(ready)) == (1, 2)
        assert "changed since by ann" in result.stderr and "--force" in result.stderr
    assert "version 3" in ready.done("practice", "apply", exported, "--force")


def test_a_fresh_export_may_be_changed_and_applied_as_often_as_one_likes(ready: Home) -> None:
    on_the_page(ready, abandoned__min_hold="9s")
    text = ready.done("practice", "export", "Riverside")
    for seconds in ("10s", "11s"):
        file = ready.write("export.toml", text.replace('"9s"', f'"{seconds}"'))
        assert "1 changed" in ready.done("practice", "apply", file)


def test_a_file_that_has_not_seen_the_page_stays_refused_after_another_one_that_has(ready: Home) -> None:
    file = put(ready)
    ready.done("practice", "apply", file)
    on_the_page(ready, abandoned__min_hold="9s")
    text = ready.done("practice", "export", "Riverside")
    ready.done("practice", "apply", ready.write("export.toml", text.replace('"9s"', '"10s"')))
    assert ready.run("practice", "apply", file).exit_code == 1


def test_every_mistake_is_told_and_nothing_is_changed(ready: Home) -> None:
    result = ready.run("practice", "apply", put(ready, practice__timezone="Mars", abandoned__min_hold="soon", x=1))
    assert result.exit_code == 78
    assert len(result.stderr.splitlines()) == 3
    assert all(line.startswith(f"{ready.folder}/practice.toml: ") for line in result.stderr.splitlines())
    assert ready.done("practice", "list", "--json") == ""


def test_what_another_practice_has_already_is_a_mistake(ready: Home) -> None:
    ready.done("practice", "apply", put(ready))
    result = ready.run("practice", "apply", put(ready, practice__name="Grove"))
    assert result.exit_code == 78
    assert {line.split(": ")[1] for line in result.stderr.splitlines()} == {"practice.default", "line[0].number"}
    assert 'in the practice "Riverside"' in result.stderr


def test_doubtful_texts_are_warned_of(ready: Home) -> None:
    result = ready.run("practice", "apply", put(ready, practice__mode="test"))
    assert result.exit_code == 0
    assert "warning: practice.mode is test" in result.stderr


def test_the_list_shows_who_changed_a_practice_last(ready: Home) -> None:
    on_the_page(ready)
    row = json.loads(ready.done("practice", "list", "--json"))
    assert row == {
        "name": "Riverside", "version": 1, "updated_at": "2026-11-21T12:00:00.000Z", "updated_by": "ann",
        "lines": ["+12025550100"],
    }  # fmt: skip
    assert "Riverside  1        2026-11-21 12:00:00  ann  +12025550100" in ready.done("practice", "list")


def test_an_unknown_practice_cannot_be_exported(ready: Home) -> None:
    on_the_page(ready)
    result = ready.run("practice", "export", "Grove")
    assert (result.exit_code, result.stderr) == (1, "there is no practice Grove; there is Riverside\n")


def test_a_file_that_cannot_be_written_is_told(ready: Home) -> None:
    on_the_page(ready)
    result = ready.run("practice", "export", "Riverside", "--output", ready.folder / "no" / "file.toml")
    assert (result.exit_code, "no such file or directory" in result.stderr) == (1, True)


def test_what_the_settings_page_saved_is_exported_and_an_older_file_is_refused(ready: Home) -> None:
    file = put(ready)
    ready.done("practice", "apply", file)
    older = ready.write("older.toml", ready.done("practice", "export", "Riverside"))
    ann = Staff(1, "ann", "Ann", Role.MANAGER, frozenset({"Riverside"}))
    edit = partial(SHEETS["abandoned"].put, typed={"abandoned.min_hold": "9s"})
    ready.change(lambda conn: saving.save(conn, ann, [], "Riverside", 1, edit, NOON))
    exported = ready.done("practice", "export", "Riverside")
    assert exported.startswith('# textback practice "Riverside", version 2\n') and 'min_hold = "9s"' in exported
    for stale in (file, older):
        result = ready.run("practice", "apply", stale)
        assert result.exit_code == 1 and "changed since by ann (version 2" in result.stderr
    assert ready.done("practice", "apply", ready.write("fresh.toml", exported)) == "Riverside: nothing changed\n"


def test_whom_to_tell_of_replies_is_applied_exported_and_refused_where_it_leads_inside(ready: Home) -> None:
    notify = {"email": ["front@clinic.example"], "webhook": "https://crm.example/x", "after": "5m", "language": "es"}
    result = ready.run("practice", "apply", put(ready, notify=notify))
    assert result.exit_code == 0 and "textback.toml has no [mail]" in result.stderr
    exported = ready.folder / "export.toml"
    ready.done("practice", "export", "Riverside", "--output", exported)
    assert ready.done("practice", "apply", exported) == "Riverside: nothing changed\n"
    assert 'email = ["front@clinic.example"]' in exported.read_text()
    result = ready.run("practice", "apply", put(ready, notify={"webhook": "http://169.254.169.254/latest"}))
    assert result.exit_code == 78 and "notify.webhook" in result.stderr and version(ready) == 1
