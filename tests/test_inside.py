"""Which addresses are inside."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from textback.inside import address_of, is_refused, may_be_reached


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.9", "10.1.1.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "168.63.129.16", "224.0.0.1", "239.1.1.1", "0.0.0.0", "255.255.255.255", "240.0.0.1",
        "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808",
        "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:1:1::80ff:fffe", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_inside_is_not_reached(address: str) -> None:
    assert not may_be_reached(ip_address(address), ())


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
)
def test_what_is_outside_is(address: str) -> None:
    assert may_be_reached(ip_address(address), ())


def test_what_is_allowed_is_reached_and_nothing_beside_it() -> None:
    allowed = (ip_network("10.1.2.0/24"),)
    assert may_be_reached(ip_address("10.1.2.3"), allowed)
    assert may_be_reached(ip_address("::ffff:10.1.2.3"), allowed)
    assert not may_be_reached(ip_address("10.1.3.3"), allowed)
    assert not may_be_reached(ip_address("127.0.0.1"), allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0x7f.1"])
def test_an_address_is_known_in_any_spelling_that_connects(host: str) -> None:
    assert address_of(host) == ip_address("127.0.0.1")


def test_a_name_is_no_address() -> None:
    assert address_of("example.org") is None and address_of("") is None
    assert address_of("fe80::1%eth0") == ip_address("fe80::1")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/hook", False),
        ("https://8.8.8.8/hook", False),
        ("http://127.0.0.1:9/", True),
        ("http://127.1/", True),
        ("https://[::1]:8443/", True),
        ("https://[::ffff:a9fe:a9fe]/latest/meta-data", True),
        ("http://LocalHost./", True),
        ("http://printer.local/", True),
        ("http://metadata.google.internal/", True),
        ("no url", False),
        ("https://[::", False),
    ],
)
def test_what_can_be_told_of_a_url_without_asking(url: str, expected: bool) -> None:
    assert is_refused(url, ()) is expected


def test_a_local_name_may_be_allowed_by_its_address_which_is_looked_at_later() -> None:
    assert not is_refused("http://crm.local/", (ip_network("10.0.0.0/8"),))
    assert is_refused("http://127.0.0.1/", (ip_network("10.0.0.0/8"),))
