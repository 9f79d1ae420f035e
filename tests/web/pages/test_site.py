"""All pages together: what holds for every route, so that a new one cannot be forgotten."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textback.model import Role
from textback.store import accounts
from textback.store.sessions import IDLE, LONGEST
from textback.store.staff_tables import users
from textback.store.tables import calls, contacts, conversations, messages

from .addresses import OPEN, Address, addresses
from .house import ANN, BOB, House, Somebody
from .parsed import Page

#: What no site should stumble over.
NASTY = (
    "", " ", "\0", "a\0b", "\r\n", "'", '"', "'; DROP TABLE calls --", "%", "%00", "%zz", "\\", "_", "{}", "{0}",
    "{{ 7 * 7 }}", "<script>alert(1)</script>", "=1+1", "\u202e", "\ufffe", "\U0010ffff", "😀" * 50, "ﷺ" * 40, "İı",
    "٣٤٥٦", "0", "-1", "1", "2147483648", "9" * 400, "1e309", "nan", "inf", "-inf", "1_0", "0x10", "1" * 5000,
    "x" * 10_000, "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-W01-1", "1970-01-01", "1e300~x",
    "nan~1", "~", "1800000000~", "1800000000~1", "1800000000~\0", "-62135596800~1", "253402300799~1", "1~1e5", "!!",
    "!!dob", "/", "//evil.example/", "main/1", "main/../1", ".", "..", "on", "me", "nobody", "gus", "+12025550111",
)  # fmt: skip
FIELDS = (
    "q", "when", "from", "to", "practice", "queue", "ended", "text", "show", "before", "state", "with", "digest",
    "said", "next", "name", "password", "csrf", "key", "seen", "body", "as", "insert", "do", "until", "contact",
    "first_name", "last_name", "kind", "language", "verify", "tick", "untick", "back", "call", "line", "session",
    "old", "new", "again", "shortcuts", "release", "dismiss", "retry", "done",
)  # fmt: skip
KNOWN = {
    "do": ("assign", "snooze", "wake", "close", "reopen", "file", "contact", "read", "release", "dismiss", "retry"),
    "until": ("1h", "tomorrow", "monday", "reply"),
    "as": ("note", "text"),
    "when": ("today", "yesterday", "7d"),
    "ended": ("lost", "answered", "missed"),
    "text": ("replied", "delivered", "not_delivered", "none", "held"),
    "show": ("needs",),
    "state": ("open", "snoozed", "closed"),
    "with": ("me", "nobody"),
    "kind": ("patient", "contact"),
    "tick": ("main/1",),
    "untick": ("main/1",),
    "practice": ("Riverside", "Grove"),
}


def filled(house: House) -> None:
    """A call, a conversation and a contact of Riverside, with the ids of ``PLACES``."""
    person = house.contact()
    talk = house.talk(contact_id=person, id=1)
    house.text(talk)
    sent = house.text(talk, "How can we help?", direction="out", status="held", flow="missed")
    house.call(id="main/1", conversation_id=talk, message_id=sent, queue="support")


def test_there_is_no_address_that_nobody_has_thought_of(house: House) -> None:
    for address in addresses(house.app):
        assert address.filled()
    assert len(addresses(house.app)) > 20


def test_a_stranger_is_shown_and_does_nothing(house: House) -> None:
    filled(house)
    before = house.rows(conversations), house.rows(messages), house.rows(calls)
    stranger = house.stranger()
    for address in addresses(house.app):
        if address.path in OPEN:
            continue
        if address.method == "GET":
            answer = stranger.get(address.filled())
            assert (answer.status, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), address
        else:
            answer = stranger.post(address.filled(), do="close", body="Hi", tick="main/1")
            assert answer.status == 401, address
        assert ANN not in answer.body and "555-0111" not in answer.body
    assert (house.rows(conversations), house.rows(messages), house.rows(calls)) == before


def test_a_stream_is_refused_to_a_stranger_without_a_way_elsewhere(house: House) -> None:
    for address in ("/live/calls", "/live/inbox", "/live/conversations/1"):
        assert house.stranger().get(address, Sec_Fetch_Dest="empty").status == 401


@pytest.mark.parametrize("wrong", ["none", "empty", "another's", "a stranger's"])
def test_no_form_does_anything_without_the_token_of_its_session(house: House, dana: Somebody, wrong: str) -> None:
    filled(house)
    token = {"empty": "", "another's": house.somebody().csrf, "a stranger's": "x" * 43}.get(wrong)
    before = house.rows(conversations), house.rows(messages), house.rows(calls), house.rows(users)
    posts = [address for address in addresses(house.app) if address.method == "POST" and address.path not in OPEN]
    assert len(posts) > 8
    for address in posts:
        form = {"do": "close", "body": "Hi", "tick": "main/1", "to": ANN} | ({} if token is None else {"csrf": token})
        answer = house.run(dana.browser.post(address.filled(), form))
        assert answer.status == 403 and "Nothing was done" in answer.body, address
    assert (house.rows(conversations), house.rows(messages), house.rows(calls), house.rows(users)) == before
    assert dana.get("/calls").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_no_form_from_a_foreign_page_does_anything_even_with_the_token(
    house: House, dana: Somebody, headers: dict[str, str | None]
) -> None:
    filled(house)
    before = house.rows(conversations), house.rows(messages), house.rows(calls)
    for address in addresses(house.app):
        if address.method == "POST":
            answer = dana.post(address.filled(), headers, do="close", body="Hi", tick="main/1")
            assert answer.status in (403, 421), address
    assert (house.rows(conversations), house.rows(messages), house.rows(calls)) == before


def test_another_method_is_refused_everywhere(house: House, dana: Somebody) -> None:
    for address in addresses(house.app):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"):
            answer = house.run(dana.browser.ask(method, address.filled(), Origin=dana.browser.origin))
            assert answer.status == 405, (method, address)


def test_whoever_is_removed_or_stays_away_too_long_is_out_everywhere(house: House) -> None:
    filled(house)
    removed, away = house.somebody("kim"), house.somebody("dana")
    house.change(accounts.remove, house.change(accounts.find, "kim").id, house.time.now)
    pages = [one for one in addresses(house.app) if one.method == "GET" and one.path not in OPEN]
    for somebody in (removed, away):
        for address in pages:
            assert somebody.get(address.filled()).status == 303, address
        assert somebody.post("/conversations/1/reply", body="Hi", key="x").status == 401
        house.time.now += IDLE + 1
    assert house.trail("exported", "read", "changed_user") == []


def test_a_page_that_was_open_for_a_week_does_nothing(house: House, dana: Somebody) -> None:
    filled(house)
    for _ in range(int(LONGEST // (IDLE - 60)) + 1):
        house.time.now += IDLE - 60
        dana.get("/account")
    answer = dana.post("/conversations/1/do", do="close")
    assert answer.status == 401 and "Sign in again" in answer.body
    assert house.rows(conversations)[0]["state"] == "open"


@pytest.mark.parametrize("name", ["gus", "mia"], ids=["staff", "a manager"])
def test_whoever_is_of_another_practice_sees_nothing_of_it_anywhere(house: House, name: str) -> None:
    filled(house)
    house.employ("mia", Role.MANAGER, ["Grove"])
    gus = house.somebody(name)
    before = house.rows(conversations), house.rows(messages), house.rows(calls), house.rows(contacts)
    for address in addresses(house.app):
        if address.path in (*OPEN, "/", "/sign-out") or address.path.startswith(("/live", "/account")):
            continue
        if address.method == "GET":
            answer = gus.get(address.filled() + "?" + urlencode({"practice": "Riverside", "q": "Ann"}))
        else:
            answer = gus.post(address.filled(), do="close", body="Hi", tick="main/1", to="x", key=KEY)
        for secret in ("555-0111", ANN, "Ann", "Lee", "How can we help", "main/1", "Riverside", "Dana"):
            assert secret not in Page(answer.body).text, (address, secret)
        if address.path.startswith("/settings"):
            # managers have settings of their own; a form is looked at before what it is for
            assert answer.status == 403 or name == "mia", address
            assert "practice" not in address.path or answer.status in (400, 403, 404), address
        elif "{" in address.path or address.path == "/calls/dealt-with":
            assert answer.status == 404, address
    assert (house.rows(conversations), house.rows(messages), house.rows(calls), house.rows(contacts)) == before
    assert house.trail("exported") == []


def test_every_doing_in_a_conversation_of_others_finds_nothing(house: House, gus: Somebody) -> None:
    filled(house)
    for doing in KNOWN["do"]:
        answer = gus.post(
            "/conversations/1/do", do=doing, until="1h", kind="patient", release="x", dismiss="x", retry="x"
        )
        there_is_none = gus.post("/conversations/7/do", do=doing, until="1h", kind="patient", release="x")
        assert (answer.status, there_is_none.status) == (404, 404), doing
        assert answer.body.replace(gus.csrf, "") == there_is_none.body.replace(gus.csrf, "")
    assert house.trail() == []


def test_what_belongs_to_no_practice_is_for_those_who_see_all(house: House, dana: Somebody) -> None:
    call = house.call(practice=None)
    ada = house.somebody("ada")
    assert ada.get(f"/calls/{call}").status == 200 and f'data-key="{call}"' in ada.get("/calls").body
    assert dana.get(f"/calls/{call}").status == 404 and f'data-key="{call}"' not in dana.get("/calls").body
    assert dana.post("/calls/dealt-with", tick=call).status == 404


def test_an_id_of_a_thousand_digits_is_nowhere(house: House, dana: Somebody) -> None:
    for number in ("0", "-1", "007", "2147483648", "9" * 5000, "٣", "1.0"):
        for address in addresses(house.app):
            if "id:row" in address.parameters and address.method == "GET":
                assert dana.get(address.filled(**{"id:row": number})).status == 404, (address, number)
        assert dana.post("/conversations/1/do", do="file", contact=number).status in (404, 422)


KEY = "0b1c7bb4-6a0a-4c39-9f4c-0d2a1a6f5f11"


def forms() -> st.SearchStrategy[dict[str, str]]:
    """Some fields, each with something that it knows or that nobody should stumble over."""
    anything = st.sampled_from(NASTY) | st.text(max_size=40)
    values = {name: st.sampled_from(KNOWN[name]) | anything if name in KNOWN else anything for name in FIELDS}
    some = st.lists(st.sampled_from(FIELDS), max_size=6, unique=True)
    return some.flatmap(lambda names: st.fixed_dictionaries({name: values[name] for name in names}))


def encoded(form: dict[str, str]) -> str:
    """As a browser, or somebody who is none, sends it: halves of characters, too."""
    return urlencode(form, encoding="utf-8", errors="surrogatepass")


@pytest.mark.parametrize("is_in", [True, False], ids=["signed in", "a stranger"])
def test_nothing_that_is_asked_for_or_posted_is_a_fault_of_ours(
    any_house: House, is_in: bool, caplog: pytest.LogCaptureFixture
) -> None:
    filled(any_house)
    somebody = any_house.somebody("ada") if is_in else any_house.stranger()
    caplog.set_level(logging.DEBUG, "textback.test")

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(
            [one for one in addresses(any_house.app) if one.path not in ("/sign-out", "/account/password")]
        ),
        st.sampled_from([*NASTY, "1", "main/1"]),
        forms(),
        st.booleans(),
    )
    def holds(address: Address, part: str, form: dict[str, str], is_there: bool) -> None:
        named = address.parameters[0] if address.parameters and not is_there else ""
        target = address.filled(**{named: part.encode("utf-8", "replace").decode()} if named else {})
        if address.method == "GET":
            if address.path.startswith("/live/"):
                return  # streams have no end: their queries are those of the pages
            answer = somebody.get(f"{target}?{encoded(form)}")
        else:
            body = encoded({"csrf": somebody.csrf, "key": KEY} | form).encode()
            kind = "application/x-www-form-urlencoded"
            asked = somebody.browser.ask("POST", target, body, Content_Type=kind, Origin=somebody.browser.origin)
            answer = any_house.run(asked)
        assert 200 <= answer.status < 500, (address, form)

    holds()
    faults = [record.getMessage() for record in caplog.records if "wrong passwords" not in record.getMessage()]
    assert [words for words in faults if "fault" in words or "does not answer" in words] == []
    assert all(record.exc_info is None for record in caplog.records)


#: What is read from the address of each page.
QUERIES = {
    "/calls": ("q", "when", "from", "to", "practice", "queue", "ended", "text", "show", "before", "said"),
    "/calls.csv": ("before",),
    "/inbox": ("q", "state", "with", "practice", "before"),
    "/conversations/1": ("before", "said"),
    "/texts/new": ("to",),
    "/account": ("done",),
    "/sign-in": ("next",),
    "/settings": ("said",),
    "/settings/Riverside/hours": ("said", "language", "queue"),
    "/settings/Riverside/missed": ("language", "queue"),
    "/settings/Riverside/quick_responses": ("language",),
    "/settings/Riverside/history": ("before",),
}


def test_everything_nasty_in_an_address_is_as_if_it_were_not_there(any_house: House) -> None:
    filled(any_house)
    somebody = any_house.somebody("ada")
    for page, names in QUERIES.items():
        for name in names:
            for value in NASTY if any_house.engine.dialect.name == "sqlite" else WORST:
                answer = somebody.get(f"{page}?{encoded({name: value})}")
                assert answer.status == 200, (page, name, value)


RIVERSIDE, PREVIEW = "/settings/Riverside", {"do": "preview", "version": "1"}
LOU = {"role": "staff", "of.0": "Riverside"}
#: What is read from each form, besides what makes it do something.
FORMS: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("/conversations/1/do", {"do": "assign"}, ("to",)),
    ("/conversations/1/do", {"do": "snooze", "until": "1h"}, ("until", "seen")),
    ("/conversations/1/do", {"do": "close"}, ("seen", "do")),
    ("/conversations/1/do", {"do": "file"}, ("contact",)),
    ("/conversations/1/do", {"do": "contact", "kind": "patient"}, ("first_name", "last_name", "kind", "language")),
    ("/conversations/1/do", {}, ("release", "dismiss", "retry")),
    ("/conversations/1/reply", {"body": "Hi", "key": "x"}, ("key", "seen", "as", "body")),
    ("/conversations/1/reply", {"body": "Hi", "as": "note"}, ("key", "body")),
    ("/conversations/1/draft", {"body": "Hi"}, ("insert", "body", "key")),
    ("/texts/new", {"body": "Hi", "to": BOB, "key": "x"}, ("to", "line", "key", "body")),
    ("/calls/dealt-with", {}, ("tick", "untick")),
    ("/calls/dealt-with", {"tick": "main/1"}, ("back", "call")),
    ("/account/session", {}, ("session",)),
    ("/account/shortcuts", {}, ("shortcuts",)),
    (
        "/settings/Riverside/hours",
        {"do": "preview", "version": "1", "hours.kept": "own"},
        (
            "version",
            "do",
            "hours.kept",
            "hours.mon",
            "hours.holidays",
            "hours.differs.0.day",
            "hours.differs.0.spans",
        ),
    ),
    (
        "/settings/Riverside/missed",
        {"do": "preview", "version": "1", "queue.0": "q"},
        (
            "queue.0",
            "queue.0.min_ring",
            "queue.0.take",
            "missed.during_hours.message.en",
            "missed.during_hours.message.",
            "missed.voicemail",
            "missed.count_unreached_outside_hours",
        ),
    ),
    ("/settings/Riverside/chat", {"do": "preview", "version": "1"}, ("chat.closed_reply", "chat.hours.kept")),
    (
        "/settings/Riverside/guards",
        {"do": "preview", "version": "1"},
        ("guards.countries", "guards.blocked", "guards.per_day"),
    ),
    (
        "/settings/Riverside/notify",
        {"do": "preview", "version": "1"},
        ("notify.email", "notify.webhook", "notify.after", "notify.language"),
    ),
    (
        "/settings/Riverside/about",
        {"do": "preview", "version": "1"},
        ("practice.timezone", "practice.url", "practice.region"),
    ),
    (
        "/settings/Riverside/lines",
        {"do": "preview", "version": "1", "lines.0": "", "lines.0.name": "x"},
        (
            "lines.0",
            "lines.0.name",
            "lines.0.number",
            "lines.0.queues",
            "lines.0.dids",
        ),
    ),
    (
        "/settings/Riverside/quick_responses",
        {"do": "save", "version": "1", "title": "x"},
        ("was", "title", "text.en", "do"),
    ),
    (
        "/settings/users/add",
        {"name": "lou", "role": "staff", "of.0": "Riverside"},
        ("name", "full_name", "role", "of.0"),
    ),
    (
        "/settings/users/change",
        {"name": "kim", "role": "staff", "of.0": "Riverside"},
        ("name", "full_name", "role", "of.0"),
    ),
    ("/settings/users/bring-back", {"role": "staff"}, ("name",)),
    (
        "/settings/webhooks/create",
        {"practice": "Riverside", "flow": "missed"},
        ("practice", "flow", "language", "label"),
    ),
    ("/settings/webhooks/revoke", {}, ("webhook",)),
)
WORST = (
    "",
    "\0",
    "a\0b",
    "\u202e",
    "\ufffe",
    "😀" * 60,
    "'",
    "%",
    "9" * 5000,
    "nan",
    "1" * 36,
    "\0" * 36,
    "İı",
    "x" * 5000,
)


def test_everything_nasty_in_a_form_is_answered(any_house: House, caplog: pytest.LogCaptureFixture) -> None:
    filled(any_house)
    somebody = any_house.somebody("ada")
    for target, form, names in FORMS:
        for name in names:
            for value in WORST:
                answer = somebody.post(target, **(form | {name: value}))
                assert answer.status in (303, 400, 404, 409, 422, 200), (target, form, name, value)
    assert [record.getMessage() for record in caplog.records if "fault" in record.getMessage()] == []


def test_halves_of_characters_are_no_form(house: House, dana: Somebody) -> None:
    filled(house)
    kind = {"Content_Type": "application/x-www-form-urlencoded", "Origin": dana.browser.origin}
    for half in (b"%ED%A0%80", b"\xed\xa0\x80", b"%FF", b"%C0%80"):
        for name in (b"body", b"\xff", b"key"):
            body = b"csrf=" + dana.csrf.encode() + b"&as=note&" + name + b"=" + half
            answer = house.run(dana.browser.ask("POST", "/conversations/1/reply", body, **kind))
            assert answer.status == 400 and "cannot be read" in answer.body
    assert dana.get("/calls?q=%ED%A0%80&queue=%FF%00&before=%FF~%FF").status == 200
