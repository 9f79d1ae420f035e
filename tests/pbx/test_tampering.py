"""What Asterisk sent, and what a caller made of it."""

from __future__ import annotations

import pytest

from tests import recordings
from tests.pbx.messages import (
    AGENT,
    CALLER,
    LEG,
    OTHER,
    channel,
    dial,
    event,
    newchannel,
    queue_entry,
    raw,
    show_channel,
    status,
)
from textback.pbx.ami_facts import WANTED
from textback.pbx.tampering import LONGEST_NUMBER, Cut, begins_message, read_event
from textback.pbx.wire import END, Headers, event_name

CALLED = channel(LEG, AGENT)


def read(headers: Headers) -> Headers | None:
    return read_event(raw(headers).removesuffix(END))


@pytest.mark.parametrize("pbx", ["asterisk16", "asterisk22"])
def test_every_message_that_was_ever_recorded_is_taken_for_what_it_is(pbx: str) -> None:
    for name in recordings.names(pbx):
        blocks = recordings.read(pbx, name).split(END)
        if name.startswith("n20"):
            continue
        for block in blocks[:-1]:
            assert begins_message(block), (name, block[:80])
            if event_name(block) in WANTED:
                assert read_event(block) is not None, (name, block)


@pytest.mark.parametrize(
    "headers",
    [
        newchannel(),
        event("BridgeLeave", {"BridgeUniqueid": "b", **channel()}),
        event("QueueCallerJoin", Queue="support", Position="1"),
        event("HangupRequest", {"Timestamp": "1795282561.641968", **channel()}),
        dial("DialBegin", channel(), CALLED, DialString="agent1"),
        dial("DialEnd", None, CALLED, DialStatus="CANCEL"),
        event("MessageWaiting", {}, Mailbox="700@default"),
        event("ParkedCall", channel(prefix="Parkee"), Parkinglot="default"),
        show_channel("1", channel()),
        status("1", channel()),
        queue_entry("1"),
    ],
    ids=lambda headers: str(headers["Event"]),
)
def test_a_whole_message_is_read(headers: Headers) -> None:
    found = read(headers)
    assert found is not None
    assert {name: headers[name] for name in found} == found
    assert found["Event"] == headers["Event"] and {name for name in headers if name.endswith("id")} <= set(found)


@pytest.mark.parametrize("name", list(channel()))
def test_a_message_without_one_header_of_its_channel_is_not_whole(name: str) -> None:
    headers = newchannel()
    del headers[name]
    assert read(headers) is None


@pytest.mark.parametrize("name", [name for name in channel() if name in (read(newchannel()) or ())])
@pytest.mark.parametrize("which", ["", "Dest"])
def test_a_message_in_which_a_header_that_counts_stands_twice_is_not_whole(name: str, which: str) -> None:
    block = raw(dial("DialBegin", channel(), CALLED)).removesuffix(END)
    assert read_event(block + f"\r\n{which}{name}: 1".encode()) is None


def test_what_channelvars_adds_may_stand_more_than_once() -> None:
    block = raw(newchannel()) + b"ChanVariable: CALLERID(pres)=prohib\r\nChanVariable: FROM_DID=1\r\n"
    headers = read_event(block.replace(END, b"\r\n", 1).removesuffix(b"\r\n"))
    assert headers is not None and headers["ChanVariable"] == "CALLERID(pres)=prohib\nFROM_DID=1"


def test_headers_in_another_order_are_not_whole() -> None:
    headers = newchannel()
    assert read(headers | {"Exten": headers.pop("Exten")}) is None


@pytest.mark.parametrize("prefix", ["", "Dest"])
def test_a_block_of_a_second_channel_must_be_whole_as_well(prefix: str) -> None:
    headers = dial("DialEnd", channel(), CALLED, DialStatus="ANSWER")
    del headers[f"{prefix}Priority"]
    assert read(headers) is None


@pytest.mark.parametrize("name", ["Uniqueid", "Linkedid"])
def test_a_dial_without_a_channel_names_none(name: str) -> None:
    assert read(dial("DialEnd", None, CALLED, DialStatus="ANSWER") | {name: OTHER}) is None


def test_a_transfer_tells_of_no_transferee_that_is_not_whole() -> None:
    transferer = channel(prefix="OrigTransferer") | channel(prefix="SecondTransferer")
    whole = event("AttendedTransfer", transferer | channel(OTHER, prefix="Transferee"), DestType="App")
    assert read(whole) is not None
    assert read(event("AttendedTransfer", transferer, DestType="App", TransfereeUniqueid=OTHER)) is None


def test_an_event_about_parking_names_no_channel_but_its_own() -> None:
    parked = event("UnParkedCall", channel(prefix="Parkee") | channel(LEG, prefix="Retriever"), Parkinglot="default")
    assert read(parked) is not None
    assert read(parked | {"Uniqueid": OTHER}) is None
    assert read(parked | {"RetrieverConnectedLineNum": f"1\r\nUniqueid: {OTHER}"}) is None


@pytest.mark.parametrize("name", ["Wait", "Position", "Channel", "CallerIDName"])
def test_an_item_of_a_queue_has_all_its_headers(name: str) -> None:
    headers = queue_entry("1")
    del headers[name]
    assert read(headers) is None
    assert read(queue_entry("1") | {"Queue2": "sales"}) is None


def test_a_queue_entry_that_takes_the_true_rest_into_a_forged_one_is_refused() -> None:
    number = f"\r\n\r\nEvent: QueueEntry\r\nUniqueid: {OTHER}\r\nQueue: sales"
    assert len(number) <= LONGEST_NUMBER
    blocks = raw(queue_entry("1", number=number)).split(END)
    assert [read_event(block) for block in blocks[:2]] == [None, None]


def test_half_a_line_end_is_shown_as_a_mark() -> None:
    headers = read(newchannel(CallerIDNum="1\r5", CallerIDName="\n\r"))
    assert headers is not None and headers["CallerIDNum"] == "1\ufffd5"


def test_invalid_utf_8_and_ten_kilobytes_in_a_name_are_read() -> None:
    block = raw(newchannel(CallerIDName="NAME")).replace(b"NAME", b'"\xff' + b"x" * 10_000)
    headers = read_event(block.removesuffix(END))
    assert headers is not None and headers["CallerIDName"] == '"\ufffd' + "x" * 10_000


@pytest.mark.parametrize("name", ["CallerIDName:", "AccountCode:"])
def test_a_header_without_a_blank_is_read(name: str) -> None:
    block = raw(newchannel(CallerIDName="")).replace(f"{name} ".encode(), name.encode())
    assert read_event(block.removesuffix(END)) is not None


@pytest.mark.parametrize("name", [b"Priority", b"Uniqueid", b"Linkedid"])
def test_the_headers_that_a_dialled_number_could_forge_have_their_blank(name: bytes) -> None:
    assert read_event(raw(newchannel()).replace(b"\r\n%s: " % name, b"\r\n%s:" % name).removesuffix(END)) is None


@pytest.mark.parametrize(
    "block",
    [
        b"CallerIDName: forger\r\nConnectedLineNum: 1",
        b"Event: X\r\nPrivilege: call,all",
        b"Event: Hangup\r\nPriority: 1\r\nUniqueid: 1",
        b"Event: Hangup\r\nPrivilege: call",
        b"Response: x\r\nPriority: 1",
        b"Response: Success\r\nPriority: 1",
        b"Asterisk Call Manager/11.0.0",
        b"",
    ],
)
def test_the_rest_of_a_message_begins_none(block: bytes) -> None:
    assert not begins_message(block)


def test_after_a_forged_end_of_a_message_there_is_no_room_for_a_beginning() -> None:
    forged = f"\r\nPriority: \r\nUniqueid: {OTHER}\r\nLinkedid: 1\r\n\r\n"
    shortest = ["Event: Cdr\r\nPrivilege: x,all", "Event: 12345678\r\nActionID: 1", "Response: Error\r\nMessage: 12"]
    assert all(begins_message(text.encode()) for text in shortest)
    assert min(len(forged + text) for text in shortest) > LONGEST_NUMBER


def mend(head: bytes, *behind: bytes) -> bytes | None:
    cut = Cut(head)
    for block in behind:
        cut.add(block)
    return cut.mended()


HEAD = raw(newchannel(CallerIDNum="CUT")).partition(b"CUT")[0]
TAIL = raw(newchannel(CallerIDNum="CUT")).partition(b"CUT\r\n")[2].removesuffix(END)


@pytest.mark.parametrize("more", [b"", b"1", b"1\r\nfoo", b"\r\nUniqueid: 5\r\nLinkedid: 5"])
@pytest.mark.parametrize("blank", [b"", b"\r\n"])
def test_a_message_is_mended_and_its_number_emptied(more: bytes, blank: bytes) -> None:
    mended = mend(HEAD + more, blank + TAIL)
    assert mended is not None
    assert read_event(mended) == read(newchannel(CallerIDNum=""))


def test_a_message_cut_at_the_dialled_number_is_mended() -> None:
    head, _, tail = raw(newchannel(Exten="CUT")).partition(b"CUT\r\n")
    forged = f"s\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}".encode()
    mended = mend(head + forged, tail.removesuffix(END))
    assert mended is not None and read_event(mended) == read(newchannel(Exten=""))


def test_what_fits_into_one_number_may_stand_between() -> None:
    forged = [f"Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: {OTHER}".encode(), b"1", b"\r\n" + TAIL]
    mended = mend(HEAD, *forged)
    assert mended is not None and read_event(mended) == read(newchannel(CallerIDNum=""))
    assert mend(HEAD, forged[0], b"12345678901234567", TAIL) is None, "longer than a number"


def test_of_two_numbers_in_a_message_the_second_forges_no_rest_for_the_first() -> None:
    """Status tells the dialled number again, behind the channel block."""
    number = f"\r\n\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}"
    head, *behind = raw(status("9", channel(Exten=number), did=number)).removesuffix(END).split(END)
    assert mend(head, *behind) is None
    head, *behind = raw(status("9", channel(Exten=""), did=number)).removesuffix(END).split(END)
    assert mend(head, *behind) is None


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"Event: Hangup\r\nPrivilege: call,all", TAIL),
        (HEAD, b"Uniqueid: 5\r\nLinkedid: 5"),
        (HEAD, b"Priority: 1\r\nUniqueid: 5\r\nLinkedid: 5"),
        (HEAD, b"foo"),
        (HEAD, b""),
    ],
)
def test_what_does_not_fit_is_not_mended(head: bytes, tail: bytes) -> None:
    assert mend(head, tail) is None


def test_a_tail_with_something_forged_before_it_is_not_mended() -> None:
    assert mend(HEAD, f"Uniqueid: {OTHER}\r\n".encode() + TAIL) is None
    mended = mend(HEAD, f"CallerIDName: x\r\nUniqueid: {OTHER}\r\n".encode() + TAIL)
    assert mended is not None and read_event(mended) is None


def test_the_victim_of_these_tests_is_somebody_else() -> None:
    assert OTHER != CALLER and len(OTHER) == len("1795286694.2"), "the shortest Uniqueid leaves a forger the most room"
