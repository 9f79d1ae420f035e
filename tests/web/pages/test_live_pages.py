"""What open pages hear, on a real socket: changes of theirs soon, of others never, and the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.web.visitor import PATIENCE
from textback.store import accounts
from textback.store.sessions import IDLE
from textback.store.staff_tables import sessions
from textback.store.tables import calls

from .house import BOB, NOW, House, Somebody
from .parsed import Page


@dataclass
class Stream:
    """Events as a browser reads them."""

    reader: asyncio.StreamReader

    async def event(self) -> tuple[str, Any]:
        """The next event that is not only a sign of life; ("", None) at the end."""
        async with asyncio.timeout(PATIENCE):
            while True:
                block = await self._block()
                if block is None:
                    return "", None
                lines = dict(line.partition(": ")[::2] for line in block.splitlines() if line)
                if "event" in lines or "event:" in block:
                    return lines["event"], json.loads(lines["data"]) if lines.get("data") else None

    async def change(self) -> list[str]:
        """The keys of what is put into the page next."""
        while True:
            name, data = await self.event()
            assert name in ("change", "unread"), name
            if name == "change":
                return [one["key"] for one in data["put"]]

    async def _block(self) -> str | None:
        """What one chunk holds (RFC 9112, 7.1)."""
        try:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            data = await self.reader.readexactly(size + 2)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return data[:-2].decode() if size else None


@asynccontextmanager
async def listening(somebody: Somebody, target: str) -> AsyncIterator[Stream]:
    """A page that is open; ``target`` as the page has it, with its digest."""
    browser, site = somebody.browser, somebody.house.site
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    reader, writer = await site.connect()
    lines = (f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{site.port}", "Accept: text/event-stream", f"Cookie: {cookie}")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode().lower()
        assert "200 ok" in head and "content-type: text/event-stream" in head and "no-store" in head, head
        yield Stream(reader)
    finally:
        writer.close()


def address(somebody: Somebody, target: str) -> str:
    """What a page listens to."""
    body = Page(somebody.get(target).body).all("body")[0]
    joint = "&" if "?" in body["data-live"] else "?"
    return f"{body['data-live']}{joint}digest={body['data-digest']}"


def test_a_page_that_is_up_to_date_hears_the_count_and_then_what_changes(house: House, dana: Somebody) -> None:
    house.talk()
    old = house.call()
    target = address(dana, "/calls")

    async def story() -> tuple[Any, Any, Any]:
        async with listening(dana, target) as page:
            first = await page.event()
            new = house.call(NOW)
            second = await page.change()
            house.change(lambda conn: conn.execute(calls.update().values(voicemail=True).where(calls.c.id == old)))
            assert [new] == second
            return first, old, await page.change()

    first, changed, third = house.run(story())
    assert first == ("unread", 1) and third == [changed]


def test_a_page_that_is_behind_is_told_everything_at_once(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")
    call = house.call()

    async def story() -> list[str]:
        async with listening(dana, target) as page:
            return await page.change()

    assert house.run(story()) == [call]


def test_a_new_row_is_told_with_the_row_that_it_follows(house: House, dana: Somebody) -> None:
    newest = house.call(NOW)
    target = address(dana, "/calls")

    async def story() -> Any:
        async with listening(dana, target) as page:
            await page.event()
            house.call(NOW - 600, caller=BOB)
            return (await page.event())[1]["put"]

    (put,) = house.run(story())
    assert put["after"] == newest and put["html"].startswith("<tr")


def test_a_reply_appears_in_the_inbox_and_in_its_conversation(house: House, dana: Somebody) -> None:
    talk = house.talk(contact_id=house.contact())
    house.text(talk, "Hello")
    box, thread = address(dana, "/inbox"), address(dana, f"/conversations/{talk}")
    patients = "patients"

    async def story() -> tuple[Any, Any]:
        async with listening(dana, box) as inbox, listening(dana, thread) as conversation:
            await inbox.change()  # opening the conversation has read it
            await conversation.event()
            house.text(talk, "Are you there?", NOW)
            return await inbox.event(), await conversation.event()

    (_, tile), (_, text) = house.run(story())
    assert [(one["key"], one["section"]) for one in tile["put"]] == [(str(talk), patients)]
    assert "Are you there?" in tile["put"][0]["html"] and "Are you there?" in text["put"][0]["html"]


def test_nobody_hears_of_another_practice(house: House, dana: Somebody, gus: Somebody) -> None:
    talk = house.talk()
    target = address(gus, "/calls")
    box = address(gus, "/inbox")
    assert gus.get(f"/live/conversations/{talk}").status == 404

    async def story() -> tuple[Any, Any]:
        async with listening(gus, target) as page, listening(gus, box) as inbox:
            await page.event(), await inbox.event()
            house.call()
            house.text(talk, "Not for Grove")
            house.talk(BOB)
            theirs, tile = house.call(practice="Grove"), house.talk(practice="Grove")
            told = await page.event(), await inbox.event()
            return (told[0][1], theirs), (told[1][1], tile)

    (page, call), (inbox, tile) = house.run(story())
    assert [one["key"] for one in page["put"]] == [call] and page["unread"] in (0, 1)
    assert [one["key"] for one in inbox["put"]] == [str(tile)]


def test_an_earlier_page_hears_nothing_of_newer_calls(house: House, dana: Somebody) -> None:
    made = [house.call(NOW - 60 - number) for number in range(60)]
    following = Page(dana.get("/calls").body).all("a", rel="next")[0]["href"]
    target = address(dana, following)

    async def story() -> list[str]:
        async with listening(dana, target) as page:
            assert (await page.event())[0] == "unread"
            house.call(NOW)
            house.change(lambda conn: conn.execute(calls.update().values(voicemail=True).where(calls.c.id == made[55])))
            return await page.change()

    assert house.run(story()) == [made[55]]


def test_whoever_signs_out_or_is_removed_hears_that_it_is_over(house: House, dana: Somebody) -> None:
    kim, targets = house.somebody("kim"), [address(dana, "/calls"), address(dana, "/inbox")]

    async def story() -> list[str]:
        async with listening(dana, targets[0]) as first, listening(kim, targets[1]) as second:
            assert (await first.event())[0] == (await second.event())[0] == "unread"
            await dana.browser.post("/sign-out", {"csrf": dana.csrf})
            house.change(accounts.remove, house.change(accounts.find, "kim").id, NOW)
            told = [(await page.event())[0] for page in (first, second)]
            return [*told, *[(await page.event())[0] for page in (first, second)]]

    assert house.run(story()) == ["gone", "gone", "", ""]


def test_a_page_that_was_open_for_a_day_is_over_and_listening_is_no_presence(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")

    async def story() -> str:
        async with listening(dana, target) as page:
            await page.event()
            house.time.now += IDLE + 1
            return (await page.event())[0]

    assert house.run(story()) == "gone"
    assert {row["seen_at"] for row in house.rows(sessions)} == {NOW}
    assert dana.get("/calls").status == 303


def test_who_sees_other_practices_by_now_comes_again(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")

    async def story() -> str:
        async with listening(dana, target) as page:
            await page.event()
            house.change(lambda conn: conn.exec_driver_sql("DELETE FROM memberships"))
            return (await page.event())[0]

    assert house.run(story()) == "gone"


def test_the_end_of_the_daemon_is_the_end_of_every_page_at_once(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")

    async def story() -> tuple[str, int]:
        async with listening(dana, target) as first, listening(dana, target) as second:
            await first.event(), await second.event()
            assert house.live.listeners == 2
            house.live._end()
            return (await first.event())[0] + (await second.event())[0], house.live.listeners

    told, listeners = house.run(story())
    assert told == ""


def test_a_page_that_is_closed_is_forgotten(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")

    async def story() -> None:
        async with listening(dana, target) as page:
            await page.event()
            assert house.live.listeners == 1
        async with asyncio.timeout(PATIENCE):
            while house.live.listeners:
                await asyncio.sleep(0.001)

    house.run(story())


def test_a_name_that_is_a_script_comes_as_text_here_too(house: House, dana: Somebody) -> None:
    target = address(dana, "/calls")

    async def story() -> Any:
        async with listening(dana, target) as page:
            await page.event()
            house.call(caller_name="</script><img src=x onerror=alert(1)>\n\nevent: gone")
            return (await page.event())[1]

    html = house.run(story())["put"][0]["html"]
    assert not Page(html).all("img") and "&lt;img" in html
