"""The inbox: whose tiles stand where, in which order, and who sees them."""

from __future__ import annotations

from urllib.parse import urlencode

from .house import ANN, BOB, GROVE_LINE, LINE, NOW, House, Somebody
from .parsed import Page, shown

DAY = 86_400.0


def tiles(somebody: Somebody, **query: str) -> list[int]:
    """The conversations on a page, in its order."""
    answer = somebody.get(f"/inbox?{urlencode(query)}")
    assert answer.status == 200
    return [int(has["data-key"]) for has in Page(answer.body).all("li") if "data-key" in has]


def test_patients_stand_apart_from_everybody_else(house: House, dana: Somebody) -> None:
    patient = house.talk(contact_id=house.contact())
    referral = house.talk(BOB, contact_id=house.contact(BOB, kind="referral"))
    unknown = house.talk("+12025550133")
    sections = dana.get("/inbox").body.split("<section")[1:]
    assert [[has["data-key"] for has in Page(one).all("li")] for one in sections] == [
        [str(patient)], [str(unknown), str(referral)][::-1],
    ]  # fmt: skip


def test_unread_tiles_come_first_and_of_these_who_waits_longest(any_house: House) -> None:
    house, dana = any_house, any_house.somebody()
    read = dict.fromkeys(("unread_since", "waiting_since"))
    old = house.talk("+12025550131", last_message_at=NOW - DAY, **read)
    new = house.talk("+12025550132", last_message_at=NOW, **read)
    short = house.talk("+12025550133", unread_since=NOW - 60)
    long = house.talk("+12025550134", unread_since=NOW - 3600)
    assert tiles(dana) == [long, short, new, old]


def test_a_tile_says_who_wrote_last_and_how_it_stands(house: House, dana: Somebody) -> None:
    talk = house.talk(contact_id=house.contact(), assignee="kim")
    house.text(talk, "Can I move Friday?", NOW - 100)
    house.text(talk, "Of course", NOW - 90, direction="out", author="kim", status="undelivered")
    (tile,) = shown(dana.get("/inbox").body, "li")
    assert tile == "Ann Lee (unread) 11:58 kim: Of course ✕ Not delivered waits since 11:59 with kim"
    assert "<title>(1) Inbox" in dana.get("/inbox").body


def test_an_automatic_text_alone_makes_no_tile(house: House, dana: Somebody) -> None:
    talk = house.talk(state=None, unread_since=None, waiting_since=None, last_reply_at=None)
    house.text(talk, direction="out", flow="missed")
    assert tiles(dana) == tiles(dana, state="closed") == []
    assert "Nobody waits here." in dana.get("/inbox").body


def test_filters_show_what_they_say(any_house: House) -> None:
    house, dana = any_house, any_house.somebody()
    mine = house.talk("+12025550131", assignee="dana", contact_id=house.contact("+12025550131", first_name="Zoë"))
    kims = house.talk("+12025550132", assignee="kim", last_message_at=NOW - 70, unread_since=NOW - 50)
    nobodys = house.talk("+12025550133", unread_since=NOW - 40)
    asleep = house.talk("+12025550134", state="snoozed", snoozed_until=NOW + 60)
    closed = house.talk("+12025550135", state="closed")
    assert tiles(dana) == [mine, kims, nobodys]
    assert tiles(dana, **{"with": "me"}) == [mine] and tiles(dana, **{"with": "nobody"}) == [nobodys]
    assert tiles(dana, state="snoozed") == [asleep] and tiles(dana, state="closed") == [closed]
    assert tiles(dana, q="zoë") == tiles(dana, q="0131") == tiles(dana, q="(202) 555-0131") == [mine]
    assert tiles(dana, q="nobody at all") == []
    assert tiles(dana, state="asleep", **{"with": "x"}) == tiles(dana)


def test_staff_see_the_tiles_of_their_own_practices(house: House, dana: Somebody, gus: Somebody) -> None:
    ours, theirs = house.talk(), house.talk(practice="Grove")
    assert tiles(dana) == tiles(dana, practice="Riverside") == [ours] and tiles(dana, practice="Grove") == []
    assert tiles(gus) == [theirs] and tiles(gus, q=ANN) == [theirs]
    ada = house.somebody("ada")
    assert sorted(tiles(ada)) == sorted([ours, theirs]) and tiles(ada, practice="Grove") == [theirs]
    for somebody, unread in ((dana, 1), (gus, 1), (ada, 2)):
        assert f"<title>({unread}) " in somebody.get("/calls").body


def test_pages_follow_each_other_without_a_gap_or_a_double(house: House, dana: Somebody) -> None:
    made = {
        house.talk(f"+1202555{number:04}", last_message_at=NOW - number // 2, unread_since=NOW if number < 5 else None)
        for number in range(150)
    }
    seen: list[int] = []
    query: str | None = ""
    while query is not None:
        page = Page(dana.get(f"/inbox?{query}").body)
        seen += [int(has["data-key"]) for has in page.all("li") if "data-key" in has]
        following = page.all("a", rel="next")
        query = following[0]["href"].partition("?")[2] if following else None
    assert len(seen) == len(set(seen)) == 150 and set(seen) == made


def test_beyond_the_end_there_is_nothing_and_garbage_is_the_first_page(house: House, dana: Somebody) -> None:
    talk = house.talk(unread_since=None)
    assert tiles(dana, before="1~1") == []
    for before in ("soon", "1800000000~x", f"1800000000~{'9' * 20}", "nan~1", "1800000000~-1", "~"):
        assert tiles(dana, before=before) == [talk]


def test_more_than_ninety_nine_are_not_counted(house: House, dana: Somebody) -> None:
    for number in range(120):
        house.talk(f"+1202555{number:04}")
    page = Page(dana.get("/inbox").body)
    assert "(99+) Inbox" in page.text and "99+ unread" in page.text


def test_a_line_is_called_what_the_practice_calls_it(house: House, dana: Somebody, gus: Somebody) -> None:
    ours, theirs = house.talk(), house.talk(practice="Grove")
    assert "from Front desk" in Page(dana.get(f"/conversations/{ours}").body).text
    assert "from Desk" in Page(gus.get(f"/conversations/{theirs}").body).text
    assert LINE not in dana.get(f"/conversations/{ours}").body
    assert GROVE_LINE not in gus.get(f"/conversations/{theirs}").body
