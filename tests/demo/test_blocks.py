from __future__ import annotations

from textback.demo.blocks import encode, event, listing, read_action, reply, with_id


def test_an_event_begins_with_its_name_and_class() -> None:
    block = event("Hangup", "call", [("Cause", "16"), ("AccountCode", "")])
    assert block == b"Event: Hangup\r\nPrivilege: call,all\r\nCause: 16\r\nAccountCode: \r\n\r\n"


def test_a_line_end_in_a_name_makes_no_header() -> None:
    block = encode([("CallerIDName", "Eve\r\nEvent: Hangup")])
    assert block == b"CallerIDName: Eve  Event: Hangup\r\n\r\n"


def test_an_answer_bears_the_action_id_if_there_was_one() -> None:
    assert reply("7", "Success", []) == b"Response: Success\r\nActionID: 7\r\n\r\n"
    assert reply(None, "Success", []) == b"Response: Success\r\n\r\n"


def test_a_list_is_announced_and_counted() -> None:
    items = [with_id([("Event", "Status"), ("Channel", "a")], "9")]
    start, item, end = listing("9", "Channel status will follow", items, "StatusComplete")
    assert start.endswith(b"EventList: start\r\nMessage: Channel status will follow\r\n\r\n")
    assert item == b"Event: Status\r\nChannel: a\r\nActionID: 9\r\n\r\n"
    assert end == (
        b"Event: StatusComplete\r\nActionID: 9\r\nEventList: Complete\r\nListItems: 1\r\nItems: 1\r\n\r\n"
    )


def test_a_request_is_read_whatever_the_case_of_its_headers() -> None:
    ask = read_action(b"ACTION: Login\r\nactionid:  5\r\nno header here\r\n\xff: \xfe\r\n")
    assert (ask["action"], ask["actionid"]) == ("Login", "5")
