from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hooks import recorded
from tests.hooks.fake_freeswitch import channel_data
from textback.hooks.desk import Caller
from textback.hooks.esl_frames import headers
from textback.hooks.esl_request import Data, request_of
from textback.hooks.request import Request


def asked(headers_: dict[str, str | None] | None = None, **variables: str) -> Request:
    """The request in a channel's data."""
    return request_of(Data(headers(channel_data(headers_ or {}, {"textback_hook": "may-offer", **variables}))))


def test_a_recorded_call_is_read() -> None:
    data = Data(headers(recorded.read(recorded.SYNC).partition(b"\n\n")[0]))

    assert request_of(data) == Request(
        "",
        Caller(
            pbx=None,
            uniqueid="a06b3a02-448b-4744-981b-eb7de73a32aa",
            channel="sofia/lab/+13055551406@127.0.0.1",
            number="+13055551406",
            name="Out Bound",
            did="+13055550131",
        ),
        {},
    )
    assert (data["Socket-Mode"], data["Control"]) == ("static", "full")


def test_the_hook_and_its_arguments_stand_in_one_variable() -> None:
    request = asked(textback_hook="/offer?queue=front%20desk&lang=es&practice=main&pbx=two&timeout=8")

    assert request.hook == "offer"
    assert request.arguments["timeout"] == "8"
    caller = request.caller
    assert (caller.queue, caller.lang, caller.practice, caller.pbx) == ("front desk", "es", "main", "two")


def test_arguments_may_be_variables_of_their_own_and_the_query_counts_first() -> None:
    request = asked(textback_hook="offer?queue=support", textback_queue="sales", textback_lang="es", textback_key="7")

    assert request.arguments == {"queue": "support", "lang": "es", "key": "7"}


@pytest.mark.parametrize("lang", ["", "../../etc", "x", "en us"])
def test_what_is_no_language_is_none(lang: str) -> None:
    assert asked(textback_lang=lang).caller.lang is None


def test_the_number_that_the_caller_came_with_counts_not_what_a_transfer_left() -> None:
    changed: dict[str, str | None] = {"Caller-Caller-ID-Number": "1001", "Caller-Caller-ID-Name": "Desk"}

    caller = asked(changed).caller

    assert (caller.number, caller.name) == ("+13055551401", "Out Bound")


def test_a_number_that_was_never_replaced_may_have_no_other_name() -> None:
    none: dict[str, str | None] = {"Caller-Orig-Caller-ID-Number": None, "Caller-Orig-Caller-ID-Name": None}

    assert asked(none).caller.number == "+13055551401"
    assert asked(none | {"Caller-Caller-ID-Number": None}).caller.number is None


@pytest.mark.parametrize(
    "hiding",
    [
        {"Caller-Privacy-Hide-Number": "true"},
        {"variable_sip_from_host": "anonymous.invalid"},
        {"variable_sip_from_user": "Anonymous"},
    ],
    ids=str,
)
def test_a_hidden_number_is_withheld(hiding: dict[str, str | None]) -> None:
    assert asked(hiding).caller.withheld
    assert not asked().caller.withheld


def test_a_number_with_control_characters_is_tampered_with() -> None:
    assert asked({"Caller-Orig-Caller-ID-Number": "+13055551401\n"}).caller.tampered
    assert not asked({"Caller-Orig-Caller-ID-Name": "a\nb"}).caller.tampered


def test_the_number_that_was_dialled_is_what_the_trunk_asked_for() -> None:
    assert asked({"Caller-Destination-Number": "5000"}, sip_req_user="+13055550130").caller.did == "+13055550130"
    gateway = asked({"Caller-Destination-Number": "13055550130"}, sip_req_user="gw+carrier")
    assert gateway.caller.did == "13055550130"


@given(st.text(min_size=1), st.text())
def test_whatever_a_caller_is_called_the_rest_of_the_request_stays(name: str, number: str) -> None:
    usual = asked(textback_hook="offer?queue=support")
    forged = asked(
        {"Caller-Orig-Caller-ID-Name": name, "Caller-Orig-Caller-ID-Number": number, "Caller-ANI": number},
        textback_hook="offer?queue=support",
        sip_from_display=name,
    )

    assert (forged.hook, forged.arguments) == (usual.hook, usual.arguments)
    assert (forged.caller.uniqueid, forged.caller.did) == (usual.caller.uniqueid, usual.caller.did)
