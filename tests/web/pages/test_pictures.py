"""Pictures: opened by who sees their conversation, fetched when they do, and harmless whatever they are."""

from __future__ import annotations

import pytest

from textback.sms import Content
from textback.sms.console import Console

from .house import House, Somebody
from .parsed import Page

MEDIA = [
    {"url": "https://api.example/1", "content_type": "image/png"},
    {"url": "https://api.example/2", "content_type": "text/html"},
]


@pytest.fixture
def talk(house: House, monkeypatch: pytest.MonkeyPatch) -> int:
    """Ann has sent two, and the provider has them."""
    contents = {"1": Content(b"PNG", "image/png"), "2": Content(b"<script>alert(1)</script>", "text/html")}

    async def fetch(self: Console, url: str) -> Content:
        return contents[url[-1]]

    monkeypatch.setattr(Console, "fetch", fetch)
    talk = house.talk()
    house.text(talk, "Look", media=MEDIA)
    return talk


def test_each_link_opens_its_picture_and_that_is_written_down(house: House, dana: Somebody, talk: int) -> None:
    links = [has["href"] for has in Page(dana.get(f"/conversations/{talk}").body).all("a") if "/media/" in has["href"]]
    first, second = (dana.get(link) for link in links)
    assert (first.status, first.body, first.headers["content-type"]) == (200, "PNG", "image/png")
    assert second.status == 200 and second.headers["content-disposition"].startswith("attachment")
    for answer in (first, second):
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert house.trail() == [("dana", "read"), *[("dana", "looked_at_picture")] * 2]


def test_nobody_else_opens_it_and_there_are_no_others(house: House, dana: Somebody, gus: Somebody, talk: int) -> None:
    link = next(
        has["href"] for has in Page(dana.get(f"/conversations/{talk}").body).all("a") if "/media/" in has["href"]
    )
    assert gus.get(link).status == 404
    for wrong in ("2", "9999", "99999", "-1", "01", "x"):
        assert dana.get(f"{link[:-1]}{wrong}").status == 404
    assert dana.get(link.replace(f"/{talk}/", f"/{talk + 1}/")).status == 404
    assert house.trail("read") == []


def test_what_the_provider_does_not_have_is_told(house: House, dana: Somebody) -> None:
    talk = house.talk()
    house.text(talk, "Look", media=MEDIA)
    link = next(
        has["href"] for has in Page(dana.get(f"/conversations/{talk}").body).all("a") if "/media/" in has["href"]
    )
    answer = dana.get(link)
    assert answer.status == 502 and "The picture cannot be had" in answer.body
