"""The settings of a practice: who may open them, and what they show."""

from __future__ import annotations

import copy

import pytest

from textback.hours import is_open
from textback.practice import read_practice
from textback.store import practices
from textback.web.pages.settings.sheets import SHEETS, TABS
from textback.web.pages.settings.texts import text_fields

from ..browser import NOW
from .filled import form_at
from .house import House, Somebody
from .parsed import Page
from .settings_forms import FULL, opened, put, save, stored


def test_settings_are_for_managers_of_the_practice_and_admins(house: House, dana: Somebody, gus: Somebody) -> None:
    kim, ada = house.somebody("kim"), house.somebody("ada")
    for leaf in TABS:
        target = f"/settings/Riverside/{leaf}"
        assert (dana.get(target).status, ada.get(target).status) == (200, 200), leaf
        assert (kim.get(target).status, gus.get(target).status) == (403, 403), leaf
        assert dana.get(f"/settings/Grove/{leaf}").status == dana.get(f"/settings/Nowhere/{leaf}").status == 404
    for leaf in (*SHEETS, "quick_responses"):
        form = opened(dana, leaf) | {"csrf": kim.csrf}
        assert save(kim, leaf, form).status == 403
        assert save(dana, leaf, form | {"csrf": dana.csrf}, practice="Grove").status == 404
    assert stored(house).version == stored(house, "Grove").version == 1


def test_only_those_who_may_see_the_way_there(house: House, dana: Somebody, gus: Somebody) -> None:
    assert 'href="/settings"' in dana.get("/calls").body and 'href="/settings"' not in gus.get("/calls").body


def test_one_practice_is_opened_at_once_and_several_are_listed(house: House, dana: Somebody) -> None:
    assert dana.get("/settings").headers["location"] == "/settings/Riverside/hours"
    page = house.somebody("ada").get("/settings").body
    assert 'href="/settings/Riverside/hours"' in page and 'href="/settings/Grove/hours"' in page


def test_a_practice_of_any_name_has_its_pages(house: House) -> None:
    name = 'A/B "&" <i>?#%2F'
    put(house, FULL | {"practice": FULL["practice"] | {"name": name}})
    ada, home = house.somebody("ada"), "/settings/A%2FB%20%22%26%22%20%3Ci%3E%3F%23%252F"
    assert f'href="{home}/hours"' in ada.get("/settings").body
    for leaf in TABS:
        page = ada.get(f"{home}/{leaf}")
        assert page.status == 200 and "<i>" not in page.body, leaf
    form = form_at(ada.get(f"{home}/guards").body, f"{home}/guards")
    assert (
        ada.post(f"{home}/guards", **(form | {"guards.per_day": "7"})).headers["location"]
        == f"{home}/guards?said=saved"
    )
    assert stored(house, name).document["guards"]["per_day"] == 7


EVIL = "\"><script>alert(1)</script>'</textarea><img src=x onerror=alert(1)>{{7*7}}\u202e"


@pytest.mark.parametrize("leaf", [*SHEETS, "quick_responses"])
def test_nothing_that_is_typed_becomes_part_of_a_page(house: House, dana: Somebody, leaf: str) -> None:
    form = {"csrf": dana.csrf, "version": "1", "was": "", "title": EVIL, "text.en": EVIL, "queue.0": EVIL}
    if leaf != "quick_responses":
        form = opened(dana, leaf, query="?queue=x&language=fr") | {"queue.0": EVIL}
    evil = form | {name: EVIL for name in form if name not in ("csrf", "version", "queue.0", "was")}
    for typed in (
        evil,
        form | {f"abandoned.message.{EVIL}": EVIL, f"queue.0.message.{EVIL}": "x", f"text.{EVIL}": "x"},
    ):
        answer = save(dana, leaf, typed)
        assert answer.status in (422, 303), answer.body
        clean = dana.get(f"/settings/Riverside/{leaf}").body
        for body in (answer.body, clean):
            assert (
                "<script>alert" not in body
                and "<img" not in body
                and "onerror=alert(1)>" not in body.replace("&gt;", "")
            )
            assert {name for tag, has in Page(body).elements for name in has if name.startswith("on")} == set()
            assert "49" not in Page(body).text or "{{7*7}}" in Page(body).text


def test_what_stands_in_a_practice_is_text_wherever_it_is_shown(house: House) -> None:
    evil = copy.deepcopy(FULL)
    tag = "<script>alert(1)</script>"
    evil["practice"]["url"] = f"https://x/{tag}"
    evil["line"][0] |= {"name": tag, "queues": [tag]}
    evil["abandoned"]["message"] = {"en": tag + "{practice}"}
    evil["abandoned"]["queue"] = {tag: {"message": {"en": tag}}}
    evil["quick_response"] = [{"title": tag, "text": {"en": tag}}]
    put(house, evil)
    ada = house.somebody("ada")
    put(house, evil | {"quick_response": [{"title": tag + "2", "text": {"en": tag}}]})
    for leaf in TABS:
        page = ada.get(f"/settings/Full/{leaf}")
        assert page.status == 200 and "<script>alert" not in page.body, leaf


def test_a_text_is_shown_as_it_reads_with_its_length_and_what_is_doubtful(house: House, dana: Somebody) -> None:
    text = Page(dana.get("/settings/Riverside/missed").body).text
    assert "Sorry we missed you, Maria. Riverside" in text and "To callers you do not know" in text
    assert f"With the longest values Sorry we missed you, {'W' * 20}. Riverside" in text
    assert "up to 52 of 200 characters · 1 segment" in text
    form = opened(dana, "abandoned") | {"abandoned.message.en": "Reply to us 👍"}
    answer = save(dana, "abandoned", form, do="preview")
    text = Page(answer.body).text
    assert answer.status == 200 and "It is not saved yet" in text and stored(house).version == 1
    assert "doesn't say who is writing" in text and "(UCS-2)" in text
    assert form_at(answer.body, "/settings/Riverside/abandoned")["abandoned.message.en"] == "Reply to us 👍"


def test_an_invitation_that_the_chat_rules_refuse_is_told(house: House, dana: Somebody) -> None:
    assert save(dana, "chat", opened(dana, "chat") | {"chat.allow_unknown": "off"}).status == 303
    form = opened(dana, "abandoned") | {"abandoned.message.en": "{practice}: reply to this."}
    assert save(dana, "abandoned", form).status == 303
    for leaf in ("abandoned", "chat"):
        assert (
            "invites a reply, and the chat rules refuse it" in Page(dana.get(f"/settings/Riverside/{leaf}").body).text
        )


def test_the_count_of_a_refused_text_says_how_much_is_too_much(house: House, dana: Somebody) -> None:
    answer = save(dana, "abandoned", opened(dana, "abandoned") | {"abandoned.message.en": "{first_name|} " + "x" * 240})
    assert "up to 261 of 255 characters, 6 too many · 2 segments" in Page(answer.body).text


def test_the_next_public_holidays_are_listed_by_name(house: House, dana: Somebody) -> None:
    assert save(dana, "hours", opened(dana, "hours") | {"hours.holidays": "US"}).status == 303
    text = Page(dana.get("/settings/Riverside/hours").body).text
    assert "Thursday, 26 November 2026 Thanksgiving" in text and "Friday, 25 December 2026 Christmas Day" in text
    assert "1 January 2027" in text and "4 July 2026" not in text


def test_a_night_in_which_the_clocks_change_is_as_good_as_any(house: House, dana: Somebody) -> None:
    about = opened(dana, "about") | {"practice.timezone": "America/New_York"}
    assert save(dana, "about", about).status == 303
    night = {"hours.sun": "02:30-03:30", "hours.differs.0.day": "2026-03-08", "hours.differs.0.spans": "02:00-03:00"}
    assert save(dana, "hours", opened(dana, "hours") | night).status == 303
    assert dana.get("/settings/Riverside/hours").status == 200
    practice = read_practice(stored(house).document)
    assert not is_open(
        practice.hours, practice.timezone, 1_772_953_200.0
    )  # 2026-03-08 03:00 EDT: 02:30 there never was


def test_more_languages_than_anybody_writes_in_are_cut_off(house: House) -> None:
    typed = {f"abandoned.message.x{n:03}": "x" for n in range(100)}
    assert len(text_fields(("abandoned", "message"), {}, typed)) == 30


def test_the_history_tells_who_changed_what(house: House, dana: Somebody) -> None:
    assert save(dana, "guards", opened(dana, "guards") | {"guards.cooldown": "1h"}).status == 303
    house.change(
        practices.put, "Riverside", {**stored(house).document, "chat": {}}, "apply by root, after version 2", NOW
    )
    text = Page(dana.get("/settings/Riverside/history").body).text
    assert 'guards.cooldown (default) "1h"' in text and "dana" in text
    assert (
        "root" in text
        and "Version 3, with a practice file at the command line" in text
        and "after version 2" not in text
    )
    assert "This is where it began." in text


def test_a_long_history_has_pages(house: House, dana: Somebody) -> None:
    for n in range(25):
        house.change(
            practices.put, "Riverside", {**stored(house).document, "guards": {"per_day": n + 1}}, "dana", NOW + n
        )
    first = dana.get("/settings/Riverside/history").body
    assert 'href="/settings/Riverside/history?before=7"' in first and "What was before it is not kept" not in first
    second = Page(dana.get("/settings/Riverside/history?before=7").body).text
    assert "Version 6" in second and "Version 7" not in second and "This is where it began." in second
    for nonsense in ("x", "-1", "9" * 50, "0"):
        assert dana.get(f"/settings/Riverside/history?before={nonsense}").status == 200


def test_numbers_of_persons_are_masked_in_the_history(house: House, dana: Somebody) -> None:
    assert save(dana, "guards", opened(dana, "guards") | {"guards.blocked": "+12025550143"}).status == 303
    page = dana.get("/settings/Riverside/history").body
    assert "+12025550143" not in page and "+1202•••0143" in page


def test_a_change_is_told_in_the_words_of_its_page(house: House, dana: Somebody) -> None:
    saved = {
        "guards": {"guards.per_day": "9"},
        "hours": {"hours.mon": ""},
        "missed": {"missed.outside_hours.message.en": "Closed. {practice}"},
    }
    for leaf, typed in saved.items():
        assert save(dana, leaf, opened(dana, leaf) | typed).status == 303
    quick = {"version": "4", "do": "save", "was": "DOB", "title": "Birth", "text.en": "When?"}
    assert dana.post("/settings/Riverside/quick_responses", **quick).status == 303
    text = Page(dana.get("/settings/Riverside/history").body).text
    for words in (
        "Guards, at most so many: In a day guards.per_day (default) 9",
        "Hours, the week: Monday hours.mon",
        "Missed calls, outside hours: Text in English (en) missed.outside_hours.message.en",
        'Quick responses, number 1: title quick_response[0].title "DOB" "Birth"',
    ):
        assert words in text, words
