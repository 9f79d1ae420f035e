"""The daily work, in a real browser: from a missed call to the end of its conversation, with and without scripts."""

from __future__ import annotations

import re

import pytest

from tests.clinic import Clinic
from .visits import Visits, expect


def test_from_a_missed_call_to_the_end_of_its_conversation(clinic: Clinic, visits: Visits) -> None:
    clinic.knows()
    clinic.gives_up()
    page = visits.sign_in("dana")
    page.locator("tr", has_text="Ann Lee").locator("td:nth-child(5) a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann Lee")
    expect(page.locator("#live")).to_contain_text("Riverside: we got disconnected.")
    page.evaluate("window.same = true")
    clinic.writes("Can I move Friday to next week?")
    expect(page.locator(".incoming .body")).to_contain_text("Can I move Friday to next week?")
    page.locator("#reply").press_sequentially("!!dob")
    expect(page.locator(".quick button:visible")).to_have_text(["DOB Request"])
    page.locator("#reply").press("Tab")
    expect(page.locator("#reply")).to_have_value("May I have the date of birth, Ann?")
    assert page.evaluate("window.same") is True
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("It is on its way.")
    clinic.until_sent("May I have the date of birth, Ann?")
    expect(page.locator(".bubble.out").last).to_contain_text("sent")
    page.evaluate("window.same = true")
    clinic.writes("1 April 1980")
    expect(page.locator(".incoming .body").last).to_contain_text("1 April 1980")
    assert page.evaluate("window.same") is True
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Closed")
    expect(page.locator("#tiles li")).to_have_count(0)
    assert page.title() == "Inbox · textback"


def test_the_same_without_scripts(clinic: Clinic, visits: Visits) -> None:
    clinic.knows()
    clinic.gives_up()
    page = visits.sign_in("dana", script=False)
    page.locator("tr", has_text="Ann Lee").locator("td:nth-child(5) a").click()
    clinic.writes("Can I move Friday to next week?")
    page.reload()
    expect(page.locator(".incoming .body")).to_contain_text("Can I move Friday to next week?")
    page.locator("#reply").fill("Yes. !!d")
    page.locator("summary", has_text="Quick responses").click()
    page.get_by_role("button", name="DOB Request").click()
    expect(page.locator("#reply")).to_have_value("Yes. May I have the date of birth, Ann?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("It is on its way.")
    clinic.until_sent("Yes. May I have the date of birth, Ann?")
    page.locator("#reply").fill("Asked for Friday")
    page.get_by_role("button", name="Keep as a note").click()
    expect(page.locator(".note")).to_contain_text("Asked for Friday")
    clinic.writes("1 April 1980")
    page.reload()
    expect(page.locator(".incoming .body").last).to_contain_text("1 April 1980")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("#tiles li")).to_have_count(0)
    page.goto("/calls")
    row = page.locator("#live tr")
    expect(row).to_contain_text("Replied")
    expect(row).to_contain_text("✓ text")


def test_staff_of_another_practice_see_nothing_of_it(clinic: Clinic, visits: Visits) -> None:
    clinic.gives_up()
    clinic.writes("Hello?")
    page = visits.sign_in("gus")
    expect(page.locator(".empty")).to_have_text("No call has come in yet.")
    page.get_by_role("link", name="Inbox").click()
    expect(page.locator("#tiles li")).to_have_count(0)
    assert page.title() == "Inbox · textback"
    assert page.goto("/conversations/1").status == 404
    visits.troubles.clear()  # the browser's own word for 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")


def test_a_wrong_password_lets_nobody_in_and_the_name_stays(visits: Visits) -> None:
    page = visits.open()
    page.goto("/conversations/1")
    page.get_by_label("Name").fill("dana")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("dana")
    expect(page.get_by_label("Password")).to_be_focused()
    visits.troubles.clear()  # the browser's own word for 403


def test_two_of_staff_at_once_see_what_the_other_did_and_do_not_answer_twice(clinic: Clinic, visits: Visits) -> None:
    clinic.knows()
    clinic.talked("12025550143", "Do you take new patients?")
    dana, kim = (visits.sign_in(name, "/conversations/1") for name in ("dana", "kim"))
    dana.locator("#reply").fill("We do.")
    kim.locator("#reply").fill("Yes, we do!")
    kim.get_by_role("button", name="Send", exact=True).click()
    clinic.until_sent("Yes, we do!")
    expect(dana.locator(".bubble.out")).to_contain_text("kim · sent")
    expect(dana.locator("#reply")).to_have_value("We do.")
    dana.locator("#reply").fill("Welcome!")
    dana.get_by_role("button", name="Send", exact=True).click()
    expect(dana.get_by_role("status")).to_have_text("It is on its way.")
    expect(kim.locator(".bubble.out").last).to_contain_text("Welcome!")
    clinic.until_sent("Welcome!")


def test_a_name_that_is_a_script_is_a_name(clinic: Clinic, visits: Visits) -> None:
    evil = "<img src=x onerror=\"document.title='hacked'\"><script>alert(1)</script>"
    clinic.knows(first_name=evil, last_name="O'Neil & Sons")
    clinic.gives_up()
    page = visits.sign_in("dana")
    expect(page.locator("tbody td b")).to_have_text(f"{evil} O'Neil & Sons")
    page.goto("/inbox")
    clinic.writes(evil)
    expect(page.locator(".tiles li p")).to_contain_text("<img src=x")
    page.locator(".tiles a").click()
    expect(page.locator(".incoming .body")).to_contain_text(evil)
    expect(page).to_have_title(re.compile("O'Neil & Sons"))
    assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)], ids=["desk", "phone"])
def test_what_is_half_written_outlives_the_end_of_a_session(
    clinic: Clinic, visits: Visits, size: tuple[int, int]
) -> None:
    clinic.talked("12025550143", "Hello?")
    page = visits.sign_in("dana", "/conversations/1", size=size)
    page.locator("#reply").fill("A long answer")
    page.evaluate("leave()")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out. Copy what you wrote")
    expect(page.locator("#reply")).to_have_value("A long answer")
