"""What is wrong in the settings is told beside its field, as it is of a practice file, and nothing is saved."""

from __future__ import annotations

import pytest

from textback.store.staff_tables import audit

from .filled import form_at
from .house import House, Somebody
from .parsed import Page
from .settings_forms import beside, opened, save, stored

WRONG: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("hours", {"hours.mon": "8-12"}, "hours.mon", 'Found "8-12"; expected hours as "08:00-12:00".'),
    ("hours", {"hours.mon": "25:00-26:00"}, "hours.mon", "expected times from 00:00 to 23:59, or 24:00 as the end"),
    ("hours", {"hours.mon": "24:00-08:00"}, "hours.mon", "expected times from 00:00 to 23:59, or 24:00 as the end"),
    ("hours", {"hours.mon": "08:00-08:00"}, "hours.mon", "expected an end that differs from the start"),
    ("hours", {"hours.tue": "08:00-12:00, 11:00-17:00"}, "hours.tue", "expected hours that don't overlap"),
    ("hours", {"hours.holidays": "Narnia"}, "hours.holidays", 'expected a country or subdivision such as "US"'),
    ("hours", {"hours.differs.0.day": "2026-02-30"}, "hours.differs.0.day", 'expected a date such as "2026-12-24"'),
    ("hours", {"hours.differs.1.spans": "09:00-10:00"}, "hours.differs.1.day", "Found hours without a day"),
    (
        "hours",
        {"hours.differs.0.day": "2026-12-01", "hours.differs.0.spans": "9-5"},
        "hours.differs.0.day",
        'Found "9-5"',
    ),
    (
        "hours",
        {"hours.differs.0.day": "2026-12-01", "hours.differs.1.day": "2026-12-01"},
        "hours.differs.1.day",
        "each day once",
    ),
    (
        "call_to_text",
        {"call_to_text.after": "soon"},
        "call_to_text.after",
        'Found "soon"; expected a time such as "30s"',
    ),
    ("notify", {"notify.email": "a@b.example, c@d.example"}, "notify.email", "expected an e-mail address such as"),
    ("notify", {"notify.email": "a@b.example\nBcc: c@d.example"}, "notify.email", 'Found "Bcc: c@d.example"'),
    ("notify", {"notify.email": "frönt@b.example"}, "notify.email", "expected an e-mail address such as"),
    ("notify", {"notify.webhook": "http://127.0.0.1:8080/"}, "notify.webhook", "outside this machine and its network"),
    ("notify", {"notify.webhook": "http://[::ffff:10.0.0.1]/"}, "notify.webhook", "outside this machine"),
    ("notify", {"notify.webhook": "https://LOCALHOST/"}, "notify.webhook", "outside this machine and its network"),
    ("notify", {"notify.webhook": "https://u:p@crm.example/"}, "notify.webhook", "without a name or password in it"),
    ("notify", {"notify.after": "2d"}, "notify.after", "expected at most 86400"),
    ("call_to_text", {"call_to_text.key": "55"}, "call_to_text.key", 'Found "55"'),
    (
        "abandoned",
        {"abandoned.message.en": "x" * 256},
        "abandoned.message.en",
        "Found up to 256 characters; expected at most 255.",
    ),
    (
        "abandoned",
        {"abandoned.message.en": "{practice} " + "x" * 246},
        "abandoned.message.en",
        "Found up to 256 characters; expected at most 255.",
    ),
    ("abandoned", {"abandoned.message.en": "x" * 60_000}, "abandoned.message.en", "expected at most 2000 characters"),
    (
        "abandoned",
        {"abandoned.message.en": "Hi {patient}"},
        "abandoned.message.en",
        "Found the unknown placeholder {patient}",
    ),
    (
        "abandoned",
        {"abandoned.message.en": "Hi {practice"},
        "abandoned.message.en",
        "a brace that belongs to no placeholder",
    ),
    (
        "abandoned",
        {"abandoned.message.en": ""},
        "abandoned.message.en",
        "expected a message in the practice's language",
    ),
    ("abandoned", {"abandoned.message.en": "{url}"}, "abandoned.message.en", "expected practice.url to be set"),
    (
        "abandoned",
        {"queue.0": "q", "queue.0.message.en": "{a}"},
        "queue.0.message.en",
        "Found the unknown placeholder {a}",
    ),
    ("missed", {"missed.during_hours.message.en": "x" * 201}, "missed.during_hours.message.en", "expected at most 200"),
    (
        "chat",
        {"chat.after_hours_reply.en": "{nope}"},
        "chat.after_hours_reply.en",
        "Found the unknown placeholder {nope}",
    ),
    ("chat", {"chat.hours.kept": "own", "chat.hours.mon": "x"}, "chat.hours.mon", 'Found "x"'),
    ("guards", {"guards.per_day": "-1"}, "guards.per_day", "expected a whole number"),
    ("guards", {"guards.holdout": "51"}, "guards.holdout", "expected at most 50"),
    ("guards", {"guards.holdout": "2.5"}, "guards.holdout", "expected a whole number"),
    ("guards", {"guards.holdout": "5 %"}, "guards.holdout", "expected a whole number"),
    ("guards", {"guards.cooldown": "4 weeks"}, "guards.cooldown", "expected a time such as"),
    ("guards", {"guards.countries": "Utopia"}, "guards.countries", 'expected a country such as "US"'),
    ("guards", {"guards.quiet_hours": "at night"}, "guards.quiet_hours", "expected false, or hours as"),
    ("guards", {"guards.blocked": "Bob"}, "guards.blocked", "expected a telephone number, or a prefix"),
    ("about", {"practice.timezone": "Mars/Olympus"}, "practice.timezone", "expected a time zone such as"),
    ("about", {"practice.url": "javascript:alert(1)"}, "practice.url", "expected an address that begins with https://"),
    ("about", {"practice.test_numbers": "12"}, "practice.test_numbers", "expected a telephone number"),
    ("lines", {"lines.0.number": "911"}, "lines.0.number", "expected a telephone number"),
    (
        "lines",
        {"lines.1.name": "Front desk"},
        "lines.1.number",
        "expected the telephone number that texts are sent from",
    ),
    ("lines", {"lines.0.main_number": "none"}, "lines.0.main_number", "expected a telephone number"),
)


@pytest.mark.parametrize("leaf, typed, name, words", WRONG, ids=[f"{name} {words[:30]}" for _, _, name, words in WRONG])
def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_is_kept(
    house: House, dana: Somebody, leaf: str, typed: dict[str, str], name: str, words: str
) -> None:
    form = opened(dana, leaf) | typed
    answer = save(dana, leaf, form)
    assert answer.status == 422
    assert words in beside(answer.body, name)
    kept = form_at(answer.body, f"/settings/Riverside/{leaf}")
    assert {key: kept[key] for key in typed} == typed
    assert kept["version"] == "1" and stored(house).version == 1
    assert save(dana, leaf, form, do="preview").status == 422
    assert [one for one in house.rows(audit) if one["action"] == "changed_settings"] == []


def test_every_mistake_is_told_at_once_and_nothing_is_saved_until_all_is_right(house: House, dana: Somebody) -> None:
    typed = {"hours.mon": "x", "hours.tue": "09:00-10:00", "hours.holidays": "Narnia"}
    answer = save(dana, "hours", opened(dana, "hours") | typed)
    assert "2 things are not right yet" in Page(answer.body).text and stored(house).version == 1
    mended = form_at(answer.body, "/settings/Riverside/hours") | {"hours.mon": "", "hours.holidays": ""}
    assert save(dana, "hours", mended).status == 303
    assert stored(house).document["hours"]["tue"] == ["09:00-10:00"]


def test_a_mistake_that_is_about_another_page_is_told_above(house: House, dana: Somebody) -> None:
    answer = save(dana, "about", opened(dana, "about") | {"practice.language": "fr"})
    text = Page(answer.body).text
    assert answer.status == 422 and "abandoned.message.fr" in text
    assert "Found nothing; expected a message in the practice's language" in text


def test_what_another_practice_has_cannot_be_had_and_its_name_is_not_told(house: House, dana: Somebody) -> None:
    form = opened(dana, "lines") | {"lines.1.name": "Mine now", "lines.1.number": "+12025550180"}
    answer = save(dana, "lines", form)
    assert answer.status == 422 and "as in another practice" in beside(answer.body, "lines.1.number")
    assert "Grove" not in answer.body
    ada = house.somebody("ada")
    told = beside(save(ada, "lines", form | {"csrf": ada.csrf}).body, "lines.1.number")
    assert 'as in the practice "Grove"' in told


def test_the_name_is_fixed(house: House, dana: Somebody) -> None:
    form = opened(dana, "about")
    assert "practice.name" not in form
    assert save(dana, "about", form | {"practice.name": "Other"}).status == 303
    assert stored(house).version == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "1" * 50, "٣"])
def test_a_form_without_its_version_is_none(house: House, dana: Somebody, version: str) -> None:
    assert save(dana, "guards", opened(dana, "guards") | {"version": version}).status == 400


def test_a_form_that_is_too_long_is_refused_whole(house: House, dana: Somebody) -> None:
    answer = save(dana, "abandoned", opened(dana, "abandoned") | {"abandoned.message.en": "x" * 70_000})
    assert answer.status == 413 and stored(house).version == 1
