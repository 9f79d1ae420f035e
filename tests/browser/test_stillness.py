"""What comes in while somebody looks: it appears by itself, is counted, and nothing moves under the pointer."""

from __future__ import annotations


from tests.clinic import Clinic
from .visits import Visits, expect


def test_a_new_call_appears_by_itself(clinic: Clinic, visits: Visits) -> None:
    page = visits.sign_in("dana")
    expect(page.locator("#live tr")).to_have_count(0)
    clinic.gives_up()
    expect(page.locator("#live tr")).to_have_count(1)
    expect(page.locator("#live tr")).to_contain_text("Sent")
    expect(page.locator(".empty")).to_be_hidden()


def test_nothing_moves_under_the_pointer(clinic: Clinic, visits: Visits) -> None:
    clinic.gives_up("12025550141")
    page = visits.sign_in("dana")
    row = page.locator("#live tr").first
    row.hover()
    before, key = row.bounding_box(), row.get_attribute("data-key")
    clinic.gives_up("12025550142")
    waits = page.get_by_role("button", name="1 new, show it")
    expect(waits).to_be_visible()
    expect(page.locator("#live tr")).to_have_count(1)
    there = page.locator("#live tr").first
    assert there.get_attribute("data-key") == key
    # the word that something waits has its own place, so that it pushes nothing away either
    assert there.bounding_box() == before
    clinic.gives_up("12025550144")
    expect(page.get_by_role("button", name="2 new, show them")).to_be_visible()
    page.get_by_role("button", name="2 new, show them").click()
    expect(page.locator("#live tr")).to_have_count(3)
    order = page.locator("#live tr").evaluate_all("rows => rows.map((row) => row.querySelector('time').dateTime)")
    assert order == sorted(order, reverse=True)
    expect(page.locator(".fresh")).to_be_hidden()


def test_what_changes_in_a_row_changes_in_its_place_and_keeps_the_focus(clinic: Clinic, visits: Visits) -> None:
    clinic.gives_up()
    page = visits.sign_in("dana")
    page.keyboard.press("j")
    clinic.writes("Hello!")
    expect(page.locator("#live tr")).to_contain_text("Replied")
    assert page.evaluate("document.activeElement.closest('tr').dataset.key") == page.locator("#live tr").get_attribute(
        "data-key"
    )
    expect(page.locator("tr.here")).to_have_count(1)


def test_unread_tiles_are_counted_in_the_title_and_beside_the_inbox(clinic: Clinic, visits: Visits) -> None:
    clinic.talked("12025550141", "First")
    page = visits.sign_in("dana")
    expect(page).to_have_title("(1) Calls · textback")
    expect(page.locator("#unread")).to_have_text("1 unread")
    clinic.writes("Second", "12025550142")
    expect(page).to_have_title("(2) Calls · textback")
    expect(page.locator("#unread")).to_have_text("2 unread")
    kim = visits.sign_in("kim", "/conversations/1")
    expect(kim.locator(".incoming")).to_have_count(1)
    expect(page).to_have_title("(1) Calls · textback")


def test_a_tile_appears_in_its_section(clinic: Clinic, visits: Visits) -> None:
    clinic.knows()
    page = visits.sign_in("dana", "/inbox")
    clinic.writes("I am a patient")
    clinic.writes("I am not", "12025550149")
    expect(page.locator("[data-section=patients] li")).to_contain_text("I am a patient")
    expect(page.locator("[data-section=contacts] li")).to_contain_text("I am not")
    assert page.locator(".empty:visible").count() == 0


def test_what_comes_in_before_the_eyes_of_somebody_is_read(clinic: Clinic, visits: Visits) -> None:
    clinic.talked("12025550143", "Hello")
    page = visits.sign_in("dana", "/conversations/1")
    other = visits.sign_in("kim", "/inbox")
    clinic.writes("Are you there?")
    expect(page.locator(".incoming")).to_have_count(2)
    expect(other.locator(".tiles li")).to_contain_text("Are you there?")
    expect(other).to_have_title("Inbox · textback")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Closed")


def test_a_long_thread_follows_what_comes_in_only_from_its_end(clinic: Clinic, visits: Visits) -> None:
    clinic.talked("12025550143", "A long text. " * 100, ago=900)
    for number in range(8):
        clinic.writes(f"Number {number}. " * 30)
    page = visits.sign_in("dana", "/conversations/1")
    at_end = "one => one.scrollHeight - one.scrollTop - one.clientHeight < 60"
    thread = page.locator("#live")
    assert thread.evaluate(at_end)
    clinic.writes("The newest")
    expect(thread).to_contain_text("The newest")
    assert thread.evaluate(at_end)
    thread.evaluate("one => { one.scrollTop = 0; }")
    clinic.writes("Still newer")
    expect(thread).to_contain_text("Still newer")
    assert thread.evaluate("one => one.scrollTop") == 0
