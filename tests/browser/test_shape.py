"""Every page on a desk and on a phone, by day and by night: nothing sticks out, and axe finds nothing grave."""

from __future__ import annotations

import os
from typing import Any

import pytest

from . import axe
from tests.clinic import Clinic
from .visits import DESK, PHONE, Visits, expect

PAGES = (
    "/calls", "/calls?q=zzz&text=held", "/calls/{call}", "/inbox", "/inbox?state=closed", "/conversations/1",
    "/texts/new", "/reports", "/account", "/calls/nothing", "/settings", "/settings/Riverside/hours",
    "/settings/Riverside/call_to_text?queue=x",
    "/settings/Riverside/missed?language=fr", "/settings/Riverside/chat", "/settings/Riverside/quick_responses",
    "/settings/Riverside/notify", "/settings/Riverside/lines", "/settings/Riverside/guards",
    "/settings/Riverside/about", "/settings/Riverside/history", "/settings/users", "/settings/webhooks",
)  # fmt: skip


@pytest.fixture(scope="session")
def axe_core() -> str:
    """The script, or a reason."""
    try:
        return axe.script()
    except axe.NoAxe as reason:
        if "browser" in os.environ.get("TEXTBACK_REQUIRE", ""):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


def fill(clinic: Clinic) -> list[str]:
    """Calls, a conversation with everything in it, and the pages that show them."""
    long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
    clinic.knows(first_name=long, last_name="O'Neil-Hämäläinen", language="es")
    clinic.gives_up()
    clinic.writes(f"https://example.org/{'x' * 200} {long} 😀")
    clinic.rings("12025550144")
    clinic.writes("Is anybody there?", "12025550149")
    call = clinic.world.log()[0]["id"]
    return [page.format(call=call) for page in PAGES]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_grave_is_wrong_with_any_page(
    clinic: Clinic, visits: Visits, axe_core: str, size: tuple[int, int]
) -> None:
    pages = fill(clinic)
    found: dict[str, Any] = {}
    page = visits.open(size)
    page.goto("/sign-in")
    found["/sign-in"] = look(page, axe_core)
    page = visits.sign_in("ada", size=size)
    for target in pages:
        page.goto(target)
        found[target] = look(page, axe_core)
    page.goto("/conversations/1")
    page.locator("summary").evaluate_all("all => all.forEach((one) => one.click())")
    page.locator("#reply").fill("x" * 2000)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("expected at most 1600")
    found["refused"] = look(page, axe_core)
    page.goto("/calls")
    page.keyboard.press("?")
    found["help"] = look(page, axe_core)
    # the browser's own words for the pages that were to be refused
    visits.troubles[:] = [trouble for trouble in visits.troubles if "the server responded with a status" not in trouble]
    assert {target: wrong for target, wrong in found.items() if wrong} == {}


def look(page: Any, axe_core: str) -> list[str]:
    """What is wrong with a page: what axe says, also by night, and what cannot be seen without scrolling sideways."""
    # as the browser's own tools would: the policy of the page lets no foreign script in
    page.evaluate(axe_core)
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    found = axe.findings(page) + ([f"{wide[0]} px wide in a window of {wide[1]}"] if wide[0] > wide[1] else [])
    page.emulate_media(color_scheme="dark")
    found += [f"by night: {one}" for one in axe.findings(page, "color-contrast")]
    page.emulate_media(color_scheme="light")
    return found
