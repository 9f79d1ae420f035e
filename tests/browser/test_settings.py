"""A manager changes what the practice says and when it is open, in a real browser, and the next call hears it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clinic import Clinic
from tests.world import until
from textback.demo.desk_calls import rings_out

from .visits import PHONE, Visits, expect

DURING, OUTSIDE = "Sorry we missed you, there. Riverside", "Riverside is closed."


def rings_in_vain(clinic: Clinic, number: str) -> str:
    """Somebody calls and nobody answers; gives the text that they got."""
    before = len(clinic.world.texts())

    async def story() -> None:
        await clinic.world.call(rings_out(20.0), number)
        clinic.world.now += 15
        await until(lambda: [text["status"] for text in clinic.world.texts()[before:]] == ["sent"])

    clinic.run(story())
    return clinic.sent()[-1]


def settings_of(visits: Visits, title: str, **options: Any) -> Any:
    """The page with that title, by the way that a manager goes."""
    page = visits.sign_in("dana", **options)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("navigation", name="Settings of the practice").get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=2, name=title, exact=True)).to_be_visible()
    return page


def test_a_text_over_the_limit_is_refused_with_its_length_and_a_good_one_is_what_the_next_caller_gets(
    clinic: Clinic, visits: Visits
) -> None:
    page = settings_of(visits, "Gave up on hold")
    box = page.get_by_label("Text in English (en)")
    box.fill("{practice}: we are sorry. " + "x" * 240)
    count = page.locator("small.count").first
    expect(count).to_have_text("up to 265 of 255 characters, 10 too many · 2 segments")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("one thing is not right yet")
    expect(page.locator("p.wrong")).to_have_text("Found up to 265 characters; expected at most 255.")
    expect(box).to_be_focused()
    visits.troubles.clear()  # the browser's own word for 422
    box.fill("{practice}: call us back any time, {first_name|friend}.")
    page.get_by_role("button", name="Show how it reads").click()
    expect(page.locator(".preview .body").first).to_have_text("Riverside: call us back any time, Maria.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    clinic.gives_up()
    assert clinic.sent() == ["Riverside: call us back any time, friend."]
    page.get_by_role("link", name="History").click()
    change = page.locator("section.version").first
    expect(change).to_contain_text("dana")
    expect(change).to_contain_text("abandoned.message.en")


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_outside_the_hours_that_were_just_set_the_next_caller_gets_the_other_text(
    clinic: Clinic, visits: Visits, script: bool
) -> None:
    assert rings_in_vain(clinic, "12025550141") == DURING
    page = settings_of(visits, "Hours", size=PHONE, script=script)
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        page.get_by_label(day).fill("")
    page.get_by_label("Monday").fill("08:00-12:00, 11:00-17:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("p.wrong")).to_contain_text("overlap")
    expect(page.get_by_label("Monday")).to_have_value("08:00-12:00, 11:00-17:00")
    visits.troubles.clear()  # the browser's own word for 422
    page.get_by_label("Monday").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert rings_in_vain(clinic, "12025550142") == OUTSIDE


def test_staff_cannot_open_settings(visits: Visits) -> None:
    page = visits.sign_in("kim")
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    for target in ("/settings", "/settings/Riverside/hours", "/settings/users", "/settings/webhooks"):
        assert page.goto(target).status == 403
        expect(page.get_by_role("heading", level=1)).to_have_text("This is not allowed")
    visits.troubles.clear()  # the browser's own word for 403


def test_two_managers_at_once(visits: Visits) -> None:
    first, second = settings_of(visits, "Guards"), settings_of(visits, "Guards")
    first.get_by_label("In a day").fill("100")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_role("status")).to_have_text("Saved.")
    second.get_by_label("In a day").fill("200")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("guards.per_day")
    expect(second.get_by_label("In a day")).to_have_value("200")
    visits.troubles.clear()  # the browser's own word for 409
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("status")).to_have_text("Saved.")
    expect(second.get_by_label("In a day")).to_have_value("200")


COUNTED = (
    "", "Plain", "{practice} {wait} {queue}", "Hola {first_name|tú}", "{first_name}", "{nobody} {practice|x}", "€" * 80,
    "👍" * 36, "{line} " + "ñ" * 150, "x" * 160, "x" * 161, "{url}{staff}", "{first_name|" + "y" * 40 + "}", "a\nb",
)  # fmt: skip


def test_the_count_in_the_browser_is_that_of_the_server(visits: Visits) -> None:
    page = settings_of(visits, "Missed calls")
    box, count = page.get_by_label("Text in English (en)").first, page.locator("small.count").first
    for text in COUNTED:
        box.fill(text)
        mine = count.text_content()
        shown = page.evaluate(
            """async (text) => {
              const form = document.querySelector("form.sheet");
              const body = new URLSearchParams(new FormData(form));
              body.set("do", "preview");
              const answer = await fetch(form.action, { method: "POST", body });
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              return page.querySelector("small.count").textContent;
            }""",
            text,
        )
        assert mine == shown, text
    visits.troubles.clear()  # the browser's own word for 422
