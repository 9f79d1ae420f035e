"""Two people at the same settings: the second sees what the first changed, and nothing is lost by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from textback.mistakes import Mistake
from textback.model import Role
from textback.store import accounts, practices
from textback.web.pages.settings import saving

from ..browser import HASH, NOW
from .filled import form_at
from .house import House, Somebody
from .parsed import Page
from .settings_forms import opened, save, stored


@pytest.fixture
def mel(house: House) -> Somebody:
    """Another manager of Riverside."""
    given: dict[str, Any] = {"full_name": "Mel Full", "role": Role.MANAGER, "practices_of_theirs": ["Riverside"]}
    house.change(accounts.add, "mel", password_hash=HASH, by="test", now=NOW, **given)
    return house.somebody("mel")


def test_the_second_of_two_sees_what_the_first_changed_and_may_save_over_it(
    house: House, dana: Somebody, mel: Somebody
) -> None:
    first, second = opened(dana, "guards"), opened(mel, "guards")
    assert save(dana, "guards", first | {"guards.cooldown": "1h", "guards.per_day": "9"}).status == 303
    house.time.now += 60
    answer = save(mel, "guards", second | {"guards.cooldown": "2h"})
    text = Page(answer.body).text
    assert answer.status == 409 and "dana changed this practice" in text
    assert 'guards.cooldown (default) "1h"' in text and "guards.per_day (default) 9" in text
    assert stored(house).document["guards"]["cooldown"] == "1h"
    kept = form_at(answer.body, "/settings/Riverside/guards")
    assert (kept["version"], kept["guards.cooldown"], kept["guards.per_day"]) == ("2", "2h", "9")
    assert save(mel, "guards", kept).status == 303
    assert stored(house).document["guards"] == {"cooldown": "2h", "per_day": 9}
    assert (stored(house).version, stored(house).updated_by) == (3, "mel")


def test_each_kind_of_database_keeps_the_versions_and_tells_the_second_one(any_house: House) -> None:
    dana, ada = any_house.somebody(), any_house.somebody("ada")
    first, second = opened(dana, "guards"), opened(ada, "guards")
    assert save(dana, "guards", first | {"guards.blocked": "+1900"}).status == 303
    answer = save(ada, "guards", second | {"guards.per_day": "9"})
    assert answer.status == 409 and "guards.blocked" in answer.body
    assert save(ada, "guards", form_at(answer.body, "/settings/Riverside/guards")).status == 303
    assert stored(any_house).document["guards"] == {"per_day": 9, "blocked": ["+1900"]}
    assert [row.version for row in any_house.change(practices.versions, "Riverside")] == [3, 2, 1]
    assert ada.post("/settings/users/add", name="lou", role="staff", **{"of.0": "Riverside"}).status == 200
    assert ada.post("/settings/users/remove", name="lou").status == 303
    assert ada.post("/settings/webhooks/create", practice="Riverside", flow="missed").status == 200


def test_what_the_first_changed_on_another_page_stays(house: House, dana: Somebody, mel: Somebody) -> None:
    second = opened(mel, "guards")
    assert save(dana, "chat", opened(dana, "chat") | {"chat.allow_unknown": "off"}).status == 303
    answer = save(mel, "guards", second | {"guards.cooldown": "2h"})
    assert answer.status == 409 and "chat.allow_unknown" in answer.body
    assert save(mel, "guards", form_at(answer.body, "/settings/Riverside/guards")).status == 303
    assert (
        stored(house).document["chat"]["allow_unknown"] is False
        and stored(house).document["guards"]["cooldown"] == "2h"
    )


def test_a_line_that_the_first_added_is_not_lost(house: House, dana: Somebody, mel: Somebody) -> None:
    second = opened(mel, "lines")
    added = {"lines.1.name": "Back", "lines.1.number": "+12025550177"}
    assert save(dana, "lines", opened(dana, "lines") | added).status == 303
    answer = save(mel, "lines", second | {"lines.0.name": "Reception"})
    assert answer.status == 409
    assert save(mel, "lines", form_at(answer.body, "/settings/Riverside/lines")).status == 303
    assert [line["name"] for line in stored(house).document["line"]] == ["Reception", "Back"]


def test_a_quick_response_that_the_first_took_away_is_there_to_be_added_again(
    house: House, dana: Somebody, mel: Somebody
) -> None:
    common = {"version": "1", "was": "DOB"}
    page = "/settings/Riverside/quick_responses"
    assert dana.post(page, do="remove", **common).status == 303
    answer = mel.post(page, do="save", title="Birth", **common, **{"text.en": "When?"})
    assert answer.status == 409 and "Birth" in answer.body and "When?" in answer.body
    assert mel.post(page, do="save", title="Birth", version="2", was="", **{"text.en": "When?"}).status == 303
    assert [one["title"] for one in stored(house).document["quick_response"]] == ["Insurance", "Birth"]


def test_a_version_that_nobody_remembers_is_told_as_such(house: House, dana: Somebody) -> None:
    answer = save(dana, "guards", opened(dana, "guards") | {"version": "77"})
    assert answer.status == 409 and "cannot be told any more" in Page(answer.body).text


def test_a_file_that_came_in_between_is_told_too(house: House, dana: Somebody) -> None:
    form = opened(dana, "guards")
    house.change(
        practices.put, "Riverside", {**stored(house).document, "chat": {"allow_start": False}}, "apply by root", NOW
    )
    text = Page(save(dana, "guards", form | {"guards.per_day": "1"}).body).text
    assert "root, with a practice file changed this practice" in text and "chat.allow_start (default) false" in text


def test_a_change_whose_commit_was_not_heard_of_is_no_change_by_another(house: House) -> None:
    ada = house.change(accounts.find, "ada").staff

    def swap(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
        return {**document, "quick_response": document["quick_response"][::-1]}, []

    first, again = (house.change(saving.save, ada, [], "Riverside", 1, swap, NOW + 9) for _ in range(2))
    assert first.saved and again.saved and stored(house).version == 2
    assert [one["title"] for one in stored(house).document["quick_response"]] == ["Insurance", "DOB"]
    other = house.change(saving.save, ada, [], "Riverside", 1, lambda document: ({**document, "chat": {}}, []), NOW + 9)
    assert not other.saved and other.overtaken is not None


def test_one_person_in_two_windows_is_told_as_well(house: House, dana: Somebody) -> None:
    first = opened(dana, "guards")
    assert save(dana, "guards", first | {"guards.per_day": "1"}).status == 303
    assert save(dana, "guards", first | {"guards.per_day": "2"}).status == 409


def test_a_box_that_the_first_ticked_off_stays_off_unless_the_second_changed_it(
    house: House, dana: Somebody, mel: Somebody
) -> None:
    second = opened(mel, "abandoned")
    first = {"abandoned.enabled": "off", "abandoned.message.en": "{practice} is sorry."}
    assert save(dana, "abandoned", opened(dana, "abandoned") | first).status == 303
    answer = save(mel, "abandoned", second | {"abandoned.message.en": "Mel's, {practice}", "abandoned.min_hold": "9s"})
    kept = form_at(answer.body, "/settings/Riverside/abandoned")
    assert (kept["abandoned.enabled"], kept["abandoned.message.en"]) == ("off", "Mel's, {practice}")
    assert save(mel, "abandoned", kept).status == 303
    wanted = {"enabled": False, "min_hold": "9s"}
    assert stored(house).document["abandoned"].items() >= wanted.items()


def test_of_one_quick_response_each_keeps_what_they_changed(house: House, dana: Somebody, mel: Somebody) -> None:
    page, shown = "/settings/Riverside/quick_responses", {"version": "1", "do": "save", "was": "DOB", "title": "DOB"}
    texts = {f"text.{code}": text for code, text in stored(house).document["quick_response"][0]["text"].items()}
    assert dana.post(page, **(shown | texts | {"text.es": "¿Fecha?"})).status == 303
    answer = mel.post(page, **(shown | texts | {"title": "Birth"}))
    assert answer.status == 409 and "¿Fecha?" in answer.body and 'value="Birth"' in answer.body
    assert "¿Nacimiento?" in answer.body, "it was there before"
