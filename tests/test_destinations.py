"""Where staff are told something, as it stands in a practice file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.practices import document
from textback.practice import PracticeError, read_practice, to_document


def wrong(**changes: Any) -> dict[str, str]:
    """What is said about each key."""
    with pytest.raises(PracticeError) as caught:
        read_practice(document(**changes))
    return {one.key: one.expected for one in caught.value.mistakes}


@pytest.mark.parametrize(
    "address",
    [
        "front@clinic.example", "o'neil+texts@sub.clinic.example", "root@localhost", "a@b",
        "x_{y}@xn--bcher-kva.example",
        "a" * 64 + "@clinic.example",
    ],
)  # fmt: skip
def test_these_are_e_mail_addresses(address: str) -> None:
    assert read_practice(document(notify__email=[address])).notify.email == (address,)


@pytest.mark.parametrize(
    "address",
    [
        "", "front", "@clinic.example", "front@", "front@clinic.example\n", "front@clinic.example\r\nBcc: x@y.example",
        "front\n@clinic.example", "a@b.example,c@d.example", "a@b.example;c@d.example", "a b@c.example", "a@b..example",
        ".a@b.example", "a.@b.example", "a..b@c.example", "Front <front@clinic.example>", '"a b"@c.example',
        "front@[127.0.0.1]", "frönt@clinic.example", "front@clínic.example", "front@clinic.example\u2028",
        "a@-b.example",
        "a\x00@b.example", "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example",
        "front@clinic.example>", "a@b.example SIZE=1",
    ],
)  # fmt: skip
def test_and_these_are_none(address: str) -> None:
    told = wrong(notify__email=["ok@clinic.example", address])
    assert told == {"notify.email[1]": 'an e-mail address such as "front@clinic.example"'}


@given(st.text(max_size=40))
def test_whatever_is_taken_for_an_address_is_one_word_of_ascii(text: str) -> None:
    try:
        (address,) = read_practice(document(notify__email=[f"a{text}@clinic.example"])).notify.email
    except PracticeError:
        return
    assert address.isascii() and address.isprintable() and address.count("@") == 1
    assert not set(address) & set(' ,;:<>()[]\\"')


def test_an_address_stands_there_once() -> None:
    assert "notify.email[1]" in wrong(notify__email=["a@b.example", "A@b.example"])


@pytest.mark.parametrize("url", ["https://example.org", "https://example.org:8443/x?y=z", "http://[2606:4700::1]/hook"])
def test_these_are_addresses_of_webhooks(url: str) -> None:
    assert read_practice(document(notify__webhook=url)).notify.webhook == url


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "ftp://example.org", "https://", "https:///x", "https://user:pw@example.org/",
        "https://x@y/",
        "https://example.org/\r\nX: y", "https://example.org/a b", "https://exämple.org/", "https://example.org:0/",
        "https://example.org:99999/", "https://example.org/#x", "https://[::", "file:///etc/passwd", "https:// x",
        "https://example.org/" + "x" * 1000,
    ],
)  # fmt: skip
def test_and_these_are_not(url: str) -> None:
    assert "notify.webhook" in wrong(notify__webhook=url)


def test_plain_http_is_taken_and_doubted() -> None:
    assert any("http://" in one for one in read_practice(document(notify__webhook="http://example.org/")).warnings())
    assert not read_practice(document(notify__webhook="https://example.org/")).warnings()


@pytest.mark.parametrize(
    ("key", "value"), [("after", "2d"), ("after", "soon"), ("language", "English"), ("emails", [])]
)
def test_other_mistakes_are_told_too(key: str, value: Any) -> None:
    assert f"notify.{key}" in wrong(**{f"notify__{key}": value})


def test_too_many_addresses_are_told_in_words() -> None:
    told = wrong(notify__email=[f"a{at}@b.example" for at in range(21)])
    assert told == {"notify.email": "at most 20"}


def test_what_is_written_back_is_what_was_read() -> None:
    notify = {"email": ["a@b.example"], "webhook": "https://example.org/x", "after": "5m", "language": "es"}
    assert to_document(read_practice(document(notify=notify)))["notify"] == notify
    assert "notify" not in to_document(read_practice(document()))
