"""Which names and pages are ours, and from where somebody asks."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import HTTPConnection

from textback.web.places import Places, network_of

PUBLIC = "https://text.clinic.example"


def asked(peer: str | None, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    scope: dict[str, Any] = {"type": "http", "client": (peer, 1) if peer else None, "headers": headers}
    return HTTPConnection(scope)


@pytest.mark.parametrize("host", ["pbx", "PBX:80", "pbx.clinic.example", "extra", "textback.lan:8080"])
def test_a_name_of_this_computer_is_ours(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "PBX.clinic.example")
    assert Places(("textback.lan", 8080), names=["Extra"]).knows(host)


@pytest.mark.parametrize("host", ["other", "pbx.evil.example", "clinic.example", "1.2.3", "0x7f000001", "127.1"])
def test_another_name_is_not(host: str) -> None:
    assert Places(("127.0.0.1", 8080), PUBLIC).knows(host) is False


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("http://10.1.2.3:8080", "10.1.2.3:8080", True), ("http://10.1.2.3", "10.1.2.3:80", True),
        ("HTTP://LocalHost:8080", "localhost:8080", True), ("http://10.1.2.3:8080", "10.1.2.3", False),
        ("https://10.1.2.3:8080", "10.1.2.3:8080", False), ("http://10.1.2.4:8080", "10.1.2.3:8080", False),
        ("null", "10.1.2.3", False), ("", "10.1.2.3", False), ("file://", "10.1.2.3", False),
        ("http://[::1]:8080", "[::1]:8080", True), ("http://10.1.2.3:x", "10.1.2.3", False),
        ("http://evil.example@10.1.2.3", "10.1.2.4", False),
    ],
)  # fmt: skip
def test_a_page_is_ours_if_it_came_from_where_its_form_goes(origin: str, host: str, ours: bool) -> None:
    assert Places(("0.0.0.0", 8080)).is_ours(origin, host) is ours


@pytest.mark.parametrize(
    ("origin", "ours"),
    [(PUBLIC, True), (f"{PUBLIC}:443", True), ("http://text.clinic.example", False), (f"{PUBLIC}:444", False)],
)
def test_the_public_page_is_ours_by_its_whole_origin_only(origin: str, ours: bool) -> None:
    places = Places(("127.0.0.1", 8080), PUBLIC)
    assert places.is_ours(origin, "127.0.0.1:8080") is places.is_ours(origin, "text.clinic.example") is ours


def test_cookies_are_for_https_only_where_browsers_come_by_it() -> None:
    urls = (PUBLIC, "http://text.clinic.example", None)
    assert [Places(("127.0.0.1", 80), url).is_secure for url in urls] == [True, False, False]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"), ("::1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"), ("127.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("127.0.0.1", [], "127.0.0.1"), ("127.0.0.1", ["198.51.100.1,"], "127.0.0.1"),
        ("127.0.0.1", ["<script>"], "127.0.0.1"), ("10.1.2.3", ["198.51.100.1"], "10.1.2.3"), (None, ["1.2.3.4"], ""),
    ],
)  # fmt: skip
def test_only_a_proxy_on_this_computer_is_believed(peer: str | None, forwarded: list[str], address: str) -> None:
    request = asked(peer, *forwarded)
    assert Places(("127.0.0.1", 8080), PUBLIC).address_of(request) == address
    assert Places(("127.0.0.1", 8080)).address_of(request) == (peer or "")


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"),
     ("unix", "unix"), ("", "")],
)  # fmt: skip
def test_guesses_are_counted_for_a_whole_network_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network
