"""What holds for every page there is, and for those to come: strangers see nothing, and foreign forms do nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.routing import Route

from textback.model import Role

from .browser import Browser, Visited, employ, whole

Tell = Callable[..., Any]
#: what is there for everybody
OPEN = {"/sign-in", "/static/{version}/{name}", "/healthz", "/metrics"}


@pytest.fixture(autouse=True)
def lee(store: Engine) -> int:
    return employ(store, "lee", Role.ADMIN, of=())


def places(there: Visited, method: str) -> Iterator[str]:
    """A path of each route that is not for everybody."""
    for route in there.app.routes:
        assert isinstance(route, Route), "what holds for it must be tested too"
        if method in (route.methods or ()) and route.path not in OPEN:
            yield re.sub(r"\{[^}]*\}", "1", route.path)


async def signed_in(there: Visited) -> Browser:
    browser = there.browser()
    assert (await browser.sign_in("lee")).status == 303
    return browser


def test_a_stranger_is_led_to_the_sign_in_page_from_everywhere(tell: Tell) -> None:
    async def story(there: Visited) -> dict[str, tuple[int, str]]:
        found = {}
        for place in places(there, "GET"):
            answer = await there.browser().get(place)
            found[place] = answer.status, answer.headers.get("location", "").partition("?")[0]
        return found

    found = tell(story, build=whole)
    assert len(found) > 5 and set(found.values()) == {(303, "/sign-in")}, found


def test_a_stranger_can_do_nothing(tell: Tell) -> None:
    async def story(there: Visited) -> dict[str, int]:
        return {place: (await there.browser().post(place, {"csrf": ""})).status for place in places(there, "POST")}

    found = tell(story, build=whole)
    assert len(found) > 5 and set(found.values()) == {401}, found


@pytest.mark.parametrize("form", [{}, {"csrf": ""}, {"csrf": "x" * 43}])
def test_a_form_without_the_token_is_refused_everywhere(tell: Tell, form: dict[str, str]) -> None:
    async def story(there: Visited) -> dict[str, int]:
        browser = await signed_in(there)
        return {place: (await browser.post(place, form)).status for place in places(there, "POST")}

    assert set((found := tell(story, build=whole)).values()) == {403}, found


def test_a_foreign_page_is_refused_everywhere_even_with_the_token(tell: Tell) -> None:
    async def story(there: Visited) -> dict[str, int]:
        browser, found = await signed_in(there), {}
        form = {"csrf": await browser.csrf()}
        for place in places(there, "POST"):
            found[place] = (await browser.post(place, form, Origin="https://evil.example")).status
        return found

    assert set((found := tell(story, build=whole)).values()) == {403}, found


def test_nothing_is_done_by_looking(tell: Tell) -> None:
    async def story(there: Visited) -> dict[str, int]:
        browser = await signed_in(there)
        looks = set(places(there, "GET"))
        posts = [place for place in places(there, "POST") if place not in looks]
        return {place: (await browser.get(place)).status for place in posts}

    found = tell(story, build=whole)
    assert set(found.values()) <= {404, 405}, found
