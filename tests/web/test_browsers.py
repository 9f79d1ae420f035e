"""A browser is called as its owner would."""

from __future__ import annotations

import pytest

from textback.web.browsers import browser_of

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {_WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {_WEBKIT} Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/26.0 Safari/605.1", "Safari on Mac"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) {_WEBKIT} CriOS/142.0 Mobile Safari/604.1", "Chrome on iPhone"),
        ("curl/8.5.0", "Another browser"),
        ("", "Another browser"),
        ("<script>" * 30, "Another browser"),
    ],
)
def test_a_browser_is_called_as_its_owner_would(agent: str, name: str) -> None:
    assert browser_of(agent) == name
