from __future__ import annotations

import json
import re
from typing import Any

import pytest

from textback.model import Flow
from textback.store import practices, webhook_tokens
from textback.store.engine import open_engine, reading
from textback.store.webhook_tokens import Grant

from tests.practices import document

from .conftest import NOON, Home

PUBLIC = '[webhooks]\npublic_url = "https://text.example.org/"\n'
KEYS = "id, practice, flow, language, label, created_at, created_by, last_used_at, revoked_at".split(", ")


@pytest.fixture
def clinic(home: Home) -> Home:
    home.configure(PUBLIC)
    home.want()
    return home


def made(home: Home, *options: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(home.done("webhook", "create", "--json", *options))
    return shown


def listed(home: Home, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in home.done("webhook", "list", "--json", *options).splitlines()]


def allowed(home: Home, token: str) -> Grant | None:
    engine = open_engine(f"sqlite:///{home.folder / 'textback.db'}")
    with reading(engine) as connection:
        return webhook_tokens.find(connection, token)


def test_a_webhook_is_made_and_shown_once(clinic: Home) -> None:
    run = clinic.run("webhook", "create", "--label", "night desk")
    title, token, url = run.stdout.splitlines()
    assert (run.exit_code, title) == (0, "webhook 1: call_to_text for Riverside")
    secret = token.removeprefix("token: ")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert url == f"URL:   https://text.example.org/webhook/{secret}"
    assert run.stderr == "Keep it now: it is shown only this once.\n"
    assert allowed(clinic, secret) == Grant(1, "Riverside", Flow.CALL_TO_TEXT, None)
    assert secret not in clinic.done("webhook", "list") + clinic.done("webhook", "list", "--json")


def test_it_starts_the_flow_that_is_asked_for(clinic: Home) -> None:
    shown = made(clinic, "--flow", "abandoned", "--language", "ES_mx", "--practice", "Riverside")
    assert list(shown) == ["id", "practice", "flow", "language", "label", "token", "url"]
    assert allowed(clinic, shown["token"]) == Grant(1, "Riverside", Flow.ABANDONED, "es-MX")
    assert shown["url"] == f"https://text.example.org/webhook/{shown['token']}"


def test_every_token_is_another(clinic: Home) -> None:
    assert len({made(clinic)["token"] for _ in range(5)}) == 5


def test_where_nothing_listens_or_the_flow_is_off_it_says_so(home: Home) -> None:
    home.want(abandoned__enabled=False)
    run = home.run("webhook", "create", "--flow", "abandoned")
    assert run.exit_code == 0
    assert re.search(r"^URL:   http://HOST:PORT/webhook/\S{43}$", run.stdout, re.MULTILINE)
    assert "hint: textback.toml has no [webhooks], so no daemon listens for it\n" in run.stderr
    assert "hint: Riverside has the flow abandoned off: nobody will be texted\n" in run.stderr
    assert made(home)["url"] is None


def test_among_several_practices_one_must_be_named(clinic: Home) -> None:
    grove = document(practice__name="Grove", practice__default=False, line=[{"name": "G", "number": "+12025550101"}])
    clinic.change(lambda connection: practices.put(connection, "Grove", grove, "test", NOON))
    run = clinic.run("webhook", "create")
    assert (run.exit_code, run.stdout) == (2, "")
    assert "say with --practice which one: Grove, Riverside" in run.stderr
    assert made(clinic, "--practice", "Grove")["practice"] == "Grove"
    run = clinic.run("webhook", "create", "--practice", "Hill")
    assert run.exit_code == 2 and "there is no such practice; there is Grove, Riverside" in run.stderr


def test_without_a_practice_there_is_nothing_to_start(home: Home) -> None:
    home.migrate()
    run = home.run("webhook", "create")
    assert (run.exit_code, run.stderr) == (1, "there is no practice yet: `textback practice apply FILE` loads one\n")


@pytest.mark.parametrize("options", [["--language", "spanish"], ["--flow", "texted"], ["extra"]])
def test_what_makes_no_sense_makes_nothing(clinic: Home, options: list[str]) -> None:
    run = clinic.run("webhook", "create", *options)
    assert (run.exit_code, run.stdout, listed(clinic)) == (2, "", [])


def test_a_webhook_is_revoked(clinic: Home) -> None:
    token = made(clinic)["token"]
    assert clinic.done("webhook", "revoke", "1") == "webhook 1: revoked\n"
    assert allowed(clinic, token) is None
    assert listed(clinic)[0]["revoked_at"] is not None
    assert clinic.done("webhook", "revoke", "1") == "webhook 1: was revoked before\n"


def test_those_that_are_there_are_revoked_whatever_else_is_named(clinic: Home) -> None:
    token = made(clinic)["token"]
    run = clinic.run("webhook", "revoke", "7", "1")
    assert (run.exit_code, run.stdout) == (1, "webhook 1: revoked\n")
    assert run.stderr == "there is no webhook 7: `textback webhook list` shows them\n"
    assert allowed(clinic, token) is None


@pytest.mark.parametrize("wrong", ["x", "0", "-1", "99999999999999999999"])
def test_what_is_no_id_is_a_mistake(clinic: Home, wrong: str) -> None:
    assert clinic.run("webhook", "revoke", "--", wrong).exit_code == 2


def test_a_list_begins_with_the_newest_and_can_be_cut(clinic: Home) -> None:
    for label in ("first", "second"):
        made(clinic, "--label", label)
    assert [row["label"] for row in listed(clinic)] == ["second", "first"]
    assert all(list(row) == KEYS for row in listed(clinic))
    assert [row["label"] for row in listed(clinic, "--limit", "1")] == ["second"]
    assert listed(clinic, "--practice", "Grove") == listed(clinic, "--since", "2100-01-01") == []
    heading, newest, _ = clinic.done("webhook", "list").splitlines()
    assert heading.split() == ["id", "practice", "flow", "language", "created", "by", "used", "revoked", "label"]
    assert newest.split()[:3] + newest.split()[-1:] == ["2", "Riverside", "call_to_text", "second"]


def test_an_empty_list_says_so(clinic: Home) -> None:
    run = clinic.run("webhook", "list")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "no webhooks\n")
