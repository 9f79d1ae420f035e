"""The daily work by keyboard alone."""

from __future__ import annotations

from typing import Any


from tests.clinic import Clinic
from .visits import Visits, expect

FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return { name: (one.getAttribute("aria-label") || one.innerText || one.name || one.id || one.tagName).trim(),
           tag: one.tagName, outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
           shown: box.width > 0 && box.height > 0 };
}"""


def test_a_tile_is_opened_answered_and_closed_without_a_mouse(clinic: Clinic, visits: Visits) -> None:
    for number, body in (("12025550141", "First"), ("12025550142", "Second"), ("12025550143", "Third")):
        clinic.talked(number, body, ago=900.0 - int(number[-1]))
    page = visits.sign_in("dana")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("li.here")).to_contain_text("Second")
    page.keyboard.press("Enter")
    expect(page.locator(".incoming .body")).to_contain_text("Second")
    page.keyboard.press("r")
    expect(page.locator("#reply")).to_be_focused()
    page.keyboard.type("Jeder reply? Keys e, j and ? are letters here. !!ins")
    page.keyboard.press("Tab")
    expect(page.locator("#reply")).to_have_value(
        "Jeder reply? Keys e, j and ? are letters here. Which insurance do you have?"
    )
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_have_text("It is on its way.")
    clinic.until_sent("Jeder reply? Keys e, j and ? are letters here. Which insurance do you have?")
    page.keyboard.press("e")
    page.wait_for_url("**/inbox?said=closed")
    expect(page.locator("#tiles li")).to_have_count(2)


def test_a_missed_call_is_opened_and_ticked_without_a_mouse(clinic: Clinic, visits: Visits) -> None:
    clinic.gives_up()
    page = visits.sign_in("dana")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    button = page.get_by_role("button", name="Dealt with", exact=True)
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Marked as dealt with.")


def test_the_help_opens_tells_all_keys_and_closes(visits: Visits) -> None:
    page = visits.sign_in("dana")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_be_visible()
    for words in ("next, previous", "reply", "close the conversation", "send what is written", "this help"):
        expect(help_).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()


def test_keys_do_nothing_once_they_are_switched_off(clinic: Clinic, visits: Visits) -> None:
    clinic.talked("12025550143", "Hello")
    page = visits.sign_in("dana", "/account")
    page.get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.goto("/conversations/1")
    for key in ("e", "r", "?", "j", "g", "i", "/"):
        page.keyboard.press(key)
    expect(page).to_have_url(f"{clinic.address}/conversations/1")
    assert page.evaluate("document.activeElement === document.body")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#reply").fill("Still sent by these two")
    page.locator("#reply").press("Control+Enter")
    clinic.until_sent("Still sent by these two")


def test_no_key_with_a_modifier_is_taken_from_the_browser(clinic: Clinic, visits: Visits) -> None:
    clinic.talked("12025550143", "Hello")
    page = visits.sign_in("dana", "/conversations/1")
    for key in ("Control+e", "Alt+r", "Control+j"):
        page.keyboard.press(key)
    expect(page).to_have_url(f"{clinic.address}/conversations/1")
    assert page.evaluate("document.activeElement === document.body")


def test_tab_goes_through_everything_that_can_be_done_and_shows_where_it_is(clinic: Clinic, visits: Visits) -> None:
    clinic.gives_up()
    clinic.writes("Hello")
    page = visits.sign_in("dana")
    for target in ("/calls", "/inbox", "/conversations/1", "/account", "/texts/new"):
        page.goto(target)
        goes_through(page)


def goes_through(page: Any) -> None:
    """From the top of a page to its end, by Tab."""
    names: list[str] = []
    while len(names) < 80:
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["tag"] == "BODY":
            break
        assert found["outline"] and found["shown"], found
        names.append(found["name"])
    assert names[0] == "Skip to the content"
    assert names[1:4] == ["textback", "Calls", names[3]] and "Inbox" in names[3]
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href], button, select, textarea, input:not([type=hidden]), summary')]"
        ".filter((one) => one.checkVisibility()).length"
    )
    # a group of radio buttons is one stop, and a list that scrolls is one more
    assert wanted <= len(names) + 3, names


def test_the_first_stop_leads_past_the_head_of_the_page(visits: Visits) -> None:
    page = visits.sign_in("dana")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
