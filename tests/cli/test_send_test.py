from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from textback.store import optouts

from .conftest import NOON, Home

TO = "+12025550143"
TWILIO = """
[sms]
provider = "twilio"
[sms.twilio]
account_sid = "AC00000000000000000000000000000000"
auth_token = "hush-hush"
api_base = "{url}"
"""


@pytest.fixture
def ready(home: Home) -> Home:
    home.want()
    return home


def test_the_text_leaves_from_the_line_through_the_provider(ready: Home) -> None:
    told = ready.done("send-test", "(202) 555-0143", "--yes")
    assert told.startswith(f"text to {TO} from +12025550100: This is Riverside.")
    assert "console took it: sent, id console-" in told
    assert ready.done("messages", "list", "--json") == ""


def test_it_asks_first(ready: Home) -> None:
    result = ready.run("send-test", TO, answers="n\n")
    assert (result.exit_code, "text to" in result.stdout) == (1, False)
    assert f"text to {TO}" in ready.done("send-test", TO, answers="y\n")


def test_who_opted_out_gets_none(ready: Home) -> None:
    ready.change(lambda connection: optouts.record(connection, TO, NOON, "stop"))
    result = ready.run("send-test", TO, "--yes")
    assert (result.exit_code, "opted out" in result.stderr, TO in result.stderr) == (1, True, False)


def test_in_test_mode_only_test_numbers_get_one(home: Home) -> None:
    home.want(practice__mode="test")
    result = home.run("send-test", TO, "--yes")
    assert (result.exit_code, "add the number to test_numbers" in result.stderr) == (1, True)
    home.want(practice__mode="test", practice__test_numbers=[TO])
    assert home.run("send-test", TO, "--yes").exit_code == 0


@pytest.mark.parametrize("number", ["911", "abc", "+18005550100", "12"])
def test_what_cannot_be_texted_is_a_fault_of_usage(ready: Home, number: str) -> None:
    assert ready.run("send-test", number, "--yes").exit_code == 2


def test_without_a_practice_there_is_no_line(home: Home) -> None:
    home.migrate()
    result = home.run("send-test", TO, "--yes")
    assert (result.exit_code, "practice apply" in result.stderr) == (1, True)


def test_an_unknown_practice_or_line_is_a_fault_of_usage(ready: Home) -> None:
    assert ready.run("send-test", TO, "--practice", "Grove", "--yes").exit_code == 2
    assert ready.run("send-test", TO, "--line", "Back door", "--yes").exit_code == 2


def test_what_the_provider_says_is_told_by_its_meaning(ready: Home, httpserver: HTTPServer) -> None:
    ready.configure(TWILIO.format(url=httpserver.url_for("").rstrip("/")))
    path = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
    httpserver.expect_oneshot_request(path, method="POST").respond_with_json({"code": 20003, "message": TO}, status=401)
    result = ready.run("send-test", TO, "--yes")
    assert (result.exit_code, TO in result.stderr, "hush" in result.output) == (1, False, False)
    assert "account SID or auth token is wrong" in result.stderr
    assert f"put it right under [sms] in {ready.config}" in result.stderr
    httpserver.check_assertions()


def test_where_nobody_answers_nothing_is_sent(ready: Home) -> None:
    result = ready.run("send-test", TO)
    assert (result.exit_code, "nobody answered; --yes sends without asking" in result.stderr) == (1, True)


def test_a_line_is_named_by_its_name_or_its_number(ready: Home) -> None:
    for line in ("Front desk", "+12025550100"):
        assert "from +12025550100" in ready.done("send-test", TO, "--yes", "--line", line)
    assert ready.run("send-test", TO, "--yes", "--line", "Back").exit_code == 2
