"""What is typed into the settings is what the practice file says."""

from __future__ import annotations

from typing import Any

import pytest

from textback.practice import read_practice, to_document
from textback.store.staff_tables import audit
from textback.web.pages.settings.sheets import SHEETS

from .house import House, Somebody
from .parsed import Page
from .settings_forms import FULL, opened, put, save, stored


@pytest.mark.parametrize("leaf", SHEETS)
def test_a_form_that_is_saved_as_it_is_changes_nothing(house: House, leaf: str) -> None:
    put(house, FULL)
    ada, before = house.somebody("ada"), stored(house, "Full")
    assert save(ada, leaf, opened(ada, leaf, "Full", "?language=fr&queue=new"), "Full").status == 303
    assert stored(house, "Full") == before
    assert save(ada, leaf, {"csrf": ada.csrf, "version": "1"}, "Full").status == 303
    assert stored(house, "Full") == before, "what a form does not have stays"


CHANGES: tuple[tuple[str, dict[str, str], dict[str, Any]], ...] = (
    ("hours", {"hours.mon": "08:00-12:00, 13:00-17:00"}, {"hours.mon": ["08:00-12:00", "13:00-17:00"]}),
    ("hours", {"hours.tue": "22:00-2:00"}, {"hours.tue": ["22:00-02:00"]}),
    ("hours", {"hours.wed": ""}, {"hours.wed": None}),
    ("hours", {"hours.kept": "none"}, {"hours": None}),
    ("hours", {"hours.holidays": "US-NY"}, {"hours.holidays": "US-NY"}),
    (
        "hours",
        {"hours.differs.0.day": "2026-12-24", "hours.differs.0.spans": "closed"},
        {"hours.closed": ["2026-12-24"]},
    ),
    (
        "hours",
        {"hours.differs.2.day": "2026-12-27", "hours.differs.2.spans": "9:00-12:00"},
        {"hours.open.2026-12-27": ["09:00-12:00"]},
    ),
    ("call_to_text", {"call_to_text.after": "90"}, {"call_to_text.after": "90s"}),
    ("call_to_text", {"call_to_text.enabled": "off"}, {"call_to_text.enabled": False}),
    ("call_to_text", {"call_to_text.message.fr": "Ici {practice}."}, {"call_to_text.message.fr": "Ici {practice}."}),
    (
        "call_to_text",
        {"queue.0": "sales", "queue.0.after": "2m", "queue.0.enabled": "off"},
        {"call_to_text.queue.sales": {"after": "2m", "enabled": False}},
    ),
    ("abandoned", {"abandoned.message.es": ""}, {"abandoned.message.es": None}),
    ("missed", {"missed.voicemail": "answered"}, {"missed.voicemail": "answered"}),
    (
        "missed",
        {"missed.outside_hours.message.en": "Closed: {practice}"},
        {"missed.outside_hours.message.en": "Closed: {practice}"},
    ),
    ("chat", {"chat.allow_unknown": "off"}, {"chat.allow_unknown": False}),
    (
        "notify",
        {"notify.email": "front@clinic.example\n desk@clinic.example \n", "notify.after": "5m"},
        {"notify.email": ["front@clinic.example", "desk@clinic.example"], "notify.after": "5m"},
    ),
    ("notify", {"notify.webhook": "https://crm.example/hook"}, {"notify.webhook": "https://crm.example/hook"}),
    ("notify", {"notify.language": "es"}, {"notify.language": "es"}),
    ("chat", {"chat.hours.kept": "own", "chat.hours.fri": "9:00-13:00"}, {"chat.hours": {"fri": ["09:00-13:00"]}}),
    ("chat", {"chat.after_hours_reply.en": "Later."}, {"chat.after_hours_reply.en": "Later."}),
    ("guards", {"guards.quiet_hours": "21:00-08:00"}, {"guards.quiet_hours": "21:00-08:00"}),
    ("guards", {"guards.blocked": "+1900\r\n(202) 555-0999\r\n"}, {"guards.blocked": ["+1900", "+12025550999"]}),
    ("guards", {"guards.countries": "US, CA"}, {"guards.countries": ["US", "CA"]}),
    ("guards", {"guards.per_minute": "0"}, {"guards.per_minute": 0}),
    ("guards", {"guards.holdout": "5"}, {"guards.holdout": 5}),
    ("guards", {"guards.holdout": "50"}, {"guards.holdout": 50}),
    (
        "about",
        {"practice.mode": "test", "practice.test_numbers": "(202) 555-0143"},
        {"practice.test_numbers": ["+12025550143"]},
    ),
    ("about", {"practice.url": "https://riverside.example"}, {"practice.url": "https://riverside.example"}),
    ("lines", {"lines.0.queues": "support\nmain/sales"}, {"line.0.queues": ["support", "main/sales"]}),
    (
        "lines",
        {"lines.1.name": "Back", "lines.1.number": "2025550177"},
        {"line.1": {"name": "Back", "number": "+12025550177"}},
    ),
)


def at(document: Any, key: str) -> Any:
    for step in key.split("."):
        found = document[int(step)] if isinstance(document, list) else document.get(step)
        if found is None:
            return None
        document = found
    return document


@pytest.mark.parametrize(
    "leaf, typed, wanted", CHANGES, ids=[f"{leaf}: {next(iter(typed))}" for leaf, typed, _ in CHANGES]
)
def test_what_is_typed_is_what_the_practice_file_says(
    house: House, dana: Somebody, leaf: str, typed: dict[str, str], wanted: dict[str, Any]
) -> None:
    answer = save(dana, leaf, opened(dana, leaf) | typed)
    assert answer.status == 303, Page(answer.body).text
    assert answer.headers["location"] == f"/settings/Riverside/{leaf}?said=saved"
    row = stored(house)
    assert (row.version, row.updated_by) == (2, "dana")
    assert {key: at(row.document, key) for key in wanted} == wanted
    assert to_document(read_practice(row.document)) == row.document
    (told,) = [one for one in house.rows(audit) if one["action"] == "changed_settings"]
    assert (told["who"], told["practice"]) == ("dana", "Riverside") and next(iter(wanted)).partition(".")[0] in told[
        "detail"
    ]
    shown = opened(dana, leaf)
    assert save(dana, leaf, shown).status == 303 and stored(house).version == 2


def test_the_rules_of_a_queue_can_be_taken_away(house: House) -> None:
    put(house, FULL)
    ada = house.somebody("ada")
    form = opened(ada, "missed", "Full")
    assert (
        form["queue.0"] == "main/x.y"
        and form["queue.0.min_ring"] == "9s"
        and form["queue.0.during_hours.enabled"] == "off"
    )
    assert save(ada, "missed", form | {"queue.0.take": "on"}, "Full").status == 303
    assert (
        "queue" not in stored(house, "Full").document["missed"] or not stored(house, "Full").document["missed"]["queue"]
    )


def test_a_line_can_be_taken_away_and_the_last_one_cannot(house: House) -> None:
    put(house, FULL)
    ada = house.somebody("ada")
    assert save(ada, "lines", opened(ada, "lines", "Full") | {"lines.0.take": "on"}, "Full").status == 303
    assert [line["name"] for line in stored(house, "Full").document["line"]] == ["Back"]
    answer = save(ada, "lines", opened(ada, "lines", "Full") | {"lines.0.take": "on"}, "Full")
    assert answer.status == 422 and "expected at least one [[line]]" in Page(answer.body).text


def test_quick_responses_are_added_changed_moved_and_taken_away(house: House, dana: Somebody) -> None:
    def do(what: str, **typed: str) -> list[str]:
        form = {"csrf": dana.csrf, "version": str(stored(house).version), "was": "", "do": what}
        answer = dana.post("/settings/Riverside/quick_responses", **(form | typed))
        assert answer.status == 303, Page(answer.body).text
        return [one["title"] for one in stored(house).document["quick_response"]]

    assert do("save", title="Fax", **{"text.en": "Our fax is 1."}) == ["DOB", "Insurance", "Fax"]
    assert do("up", was="Fax") == ["DOB", "Fax", "Insurance"]
    assert do("down", was="DOB") == ["Fax", "DOB", "Insurance"]
    assert do("up", was="Fax") == ["Fax", "DOB", "Insurance"]
    assert do("save", was="Fax", title="Faxes", **{"text.en": "", "text.es": "Uno."}) == ["Faxes", "DOB", "Insurance"]
    assert stored(house).document["quick_response"][0] == {"title": "Faxes", "text": {"es": "Uno."}}
    assert do("remove", was="DOB") == ["Faxes", "Insurance"]
    assert do("remove", was="DOB") == ["Faxes", "Insurance"]


def test_a_quick_response_that_is_wrong_is_told_in_its_own_form(house: House, dana: Somebody) -> None:
    form = {"csrf": dana.csrf, "version": "1", "do": "save", "was": "", "title": "dob", "text.en": "Hi {nobody}"}
    answer = dana.post("/settings/Riverside/quick_responses", **form)
    text = Page(answer.body).text
    assert answer.status == 422 and "which is in quick_response[0].title already" in text
    assert "the unknown placeholder {nobody}" in text and "Hi {nobody}" in answer.body
    assert [one["title"] for one in stored(house).document["quick_response"]] == ["DOB", "Insurance"]
