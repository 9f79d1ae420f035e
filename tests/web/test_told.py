"""What call-centre software sends is understood by whatever names it has for things, and nothing is guessed."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.exceptions import HTTPException

from textback.web.told import FORM, JSON, MOST_FIELDS, Mistaken, Told, language_of, read

NUMBER = "+12025550143"


def form(body: str, query: str = "") -> Told:
    return read(query.encode(), FORM + "; charset=UTF-8", body.encode())


def json(body: str) -> Told:
    return read(b"", JSON, body.encode())


def refused(content_type: str, body: bytes, query: bytes = b"") -> int:
    with pytest.raises(HTTPException) as error:
        read(query, content_type, body)
    return error.value.status_code


def mistaken(content_type: str, body: str) -> str:
    with pytest.raises(Mistaken) as error:
        read(b"", content_type, body.encode())
    assert "555" not in error.value.why + str(error.value)
    return error.value.code


@pytest.mark.parametrize("name", ["caller", "CALLER_ID_NUMBER", "phone", "from", "From", "Caller", "caller_id_number"])
def test_a_number_has_many_names(name: str) -> None:
    assert form(f"{name}={quote(NUMBER)}") == Told((NUMBER,))
    assert read(f"{name}={quote(NUMBER)}".encode(), "", b"") == Told((NUMBER,))
    assert json(f'{{"{name}": "{NUMBER}", "other": [1, {{}}, null]}}') == Told((NUMBER,))


def test_everything_else_is_taken_too_and_strange_names_are_ignored() -> None:
    told = form("phone=2025550143&lang=es&name=Zo%C3%AB+Doe&caller2=1&__proto__=x&flag")
    assert told == Told(("2025550143",), "es", "Zoë Doe")


def test_query_and_body_are_read_together() -> None:
    assert form("phone=2025550143", query="lang=es&name=Ann") == Told(("2025550143",), "es", "Ann")


def test_a_number_may_be_a_number_in_json() -> None:
    assert json('\ufeff{"phone": 12025550143, "lang": null, "name": ""}') == Told(("12025550143",))


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("+12025550143", "+12025550143"), ("%2B12025550143", "+12025550143"), ("%202025550143+", "2025550143"),
        ("(202)+555-0143", "(202) 555-0143"), ("+(202)", "(202)"),
    ],
)  # fmt: skip
def test_a_plus_that_nobody_encoded_is_one_in_front_of_digits(sent: str, number: str) -> None:
    assert form(f"x=1&caller={sent}").numbers == (number,)


def test_a_number_that_is_there_twice_is_told_in_all_its_ways() -> None:
    assert form("caller=1&from=2&phone=1").numbers == ("1", "2")


@pytest.mark.parametrize("body", ["", "caller=", "caller=+&phone=%20", "lang=es", "callers=2025550143"])
def test_a_number_that_is_missing_is_a_mistake(body: str) -> None:
    assert mistaken(FORM, body) == "no_number"


@pytest.mark.parametrize("name", ["lang", "name"])
def test_what_is_there_twice_and_not_the_same_is_a_mistake(name: str) -> None:
    assert mistaken(FORM, f"caller=2025550143&{name}=es&{name}=fr") == "contradiction"
    assert mistaken(JSON, f'{{"caller": "2025550143", "{name}": "es", "{name}": "fr"}}') == "contradiction"
    assert form(f"caller=2025550143&{name}=es&{name}=es&{name}=").numbers == ("2025550143",)


@pytest.mark.parametrize("value", ["true", "1.5", "[]", "{}", '["2025550143"]', "NaN"])
def test_a_value_of_another_kind_is_a_mistake(value: str) -> None:
    assert mistaken(JSON, f'{{"caller": {value}}}') == "bad_parameter"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1]", b'"2025550143"', b"2025550143", b"null", b"\xff", b"caller=2025550143", b"[" * 60_000,
        b'{"caller":' * 10_000, b"1" * 60_000, b'{"caller": ' + b"1" * 50_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_json_object_cannot_be_read(body: bytes) -> None:
    if body:
        assert refused(JSON, body) == 400
    else:
        assert mistaken(JSON, "") == "no_number"


@pytest.mark.parametrize("form", [b"caller=%FF", b"caller=\xff", b"a=1&" * (MOST_FIELDS + 1)])
def test_a_form_and_a_query_that_cannot_be_read_are_refused(form: bytes) -> None:
    assert refused(FORM, form) == refused("", b"", form) == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/xml", "json"])
def test_a_body_of_another_type_is_refused(kind: str) -> None:
    assert refused(kind, b"caller=2025550143") == 415


def test_json_may_be_of_a_type_of_its_own() -> None:
    told = read(b"", "Application/Vnd.Example+JSON; charset=utf-8", b'{"caller": "2025550143"}')
    assert told == Told(("2025550143",))


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("es", "es"), ("ES", "es"), ("es_mx", "es-MX"), ("zh-Hans", "zh-Hans"), ("fil", "fil"),
        ("", None), ("1", None), ("spanish", None), ("e", None), ("es-", None), ("es;DROP", None), ("es\n", None),
    ],
)  # fmt: skip
def test_a_language_is_read_as_a_practice_writes_it(said: str, language: str | None) -> None:
    assert language_of(said) == language


def test_what_is_no_language_is_as_if_it_were_not_there() -> None:
    assert form("caller=2025550143&lang=klingonese").language is None
