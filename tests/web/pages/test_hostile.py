"""What strangers write stays text: no name, message, note or queue adds an element or an attribute to a page."""

from __future__ import annotations

import pytest

from textback.store.staff_tables import notes, users

from .house import NOW, RIVERSIDE, House
from .parsed import Page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    '" autofocus onfocus="alert(1)',
    "</textarea></title></style></bdi></a></td></table><svg onload=alert(1)>",
    "<!-- <a href=//evil.example>",
    "]]><?php x ?><![CDATA[",
    "javascript:alert(1)",
    "&lt;script&gt;&#60;script&#62;",
    "{{ 7 * 7 }}{% raw %}",
    '\\"><script>',
    "<a href='//evil.example'>click</a>",
)
PAGES = ("/calls", "/calls/main/1", "/inbox", "/conversations/1", "/texts/new", "/account")
#: turns what follows, or is not there to be seen: what is shown in its place says that something was
TURNING = "\u202e\u2066\u200f\u061c\u0007\u0000\u2028\ufeff\u00ad"


def pages(house: House, words: str, of_practice: str | None = None) -> dict[str, Page]:
    """Every page, where everybody who can has written these words everywhere; managers ``of_practice``, if given."""
    short, whole, words = words[:100], words, words if of_practice is None else of_practice
    quick = [{"title": words[:40], "text": {"en": words.replace("{", "").replace("}", "")}}]
    line = words[:100]
    house.want(RIVERSIDE | {"quick_response": quick, "line": [{"name": line, "number": "+12025550100"}]})
    words = whole
    contact = house.contact(first_name=short, last_name=short, language="en")
    house.contact(first_name=short, last_name=None)
    talk = house.talk(id=1, contact_id=contact, assignee=short)
    for direction, changes in (("in", {}), ("out", {"author": short, "reason": words, "status": "failed"})):
        media = [{"url": words, "content_type": words}]
        house.text(talk, words, NOW - 90 + len(direction), direction=direction, media=media, **changes)
    sent = house.text(talk, words, direction="out", flow="missed", reason=words, status="held")
    house.put(notes, id="n", conversation_id=talk, author=short, body=words, at=NOW)
    told = {
        "caller_name": words,
        "queue": words,
        "did": words,
        "answered_by": words,
        "why": words,
        "reason": words[:32],
    }
    told |= {"story": [[NOW, words]], "dealt_with_by": short, "needs_since": None, "dealt_with_at": NOW}
    house.call(id="main/1", conversation_id=talk, message_id=sent, verdict="text", **told)
    house.call(NOW - 310, id="main/2", caller="+12025550133", disposition="answered", answered_at=NOW, **told)
    house.call(NOW - 320, id=f"main/{words}", caller=words[:80])
    house.change(lambda conn: conn.execute(users.update().values(full_name=line)))
    somebody = house.somebody()
    found = {target: somebody.get(target) for target in PAGES}
    found |= {f"{target}?q": somebody.get(f"{target}?q=%3Cx%20y%3D%22%3E") for target in ("/calls", "/inbox")}
    draft = {"body": words, "insert": quick[0]["title"]}
    found["draft"] = somebody.post("/conversations/1/draft", **draft)
    found["refused"] = somebody.post("/conversations/1/reply", body=words, key=words)
    found["first"] = somebody.post("/texts/new", body=words, to=words, line=words, key=words)
    assert {target: answer.status for target, answer in found.items() if answer.status not in (200, 422)} == {}
    return {target: Page(answer.body) for target, answer in found.items()}


@pytest.fixture
def harmless(house: House) -> dict[str, Page]:
    return pages(house, "harmless words")


@pytest.mark.parametrize("words", HOSTILE)
def test_no_words_become_part_of_a_page(
    house: House, harmless: dict[str, Page], words: str, second_house: House
) -> None:
    for target, page in pages(second_house, words).items():
        assert page.skeleton == harmless[target].skeleton, target
        for href in [*page.values("href"), *page.values("action"), *page.values("formaction"), *page.values("src")]:
            assert href.startswith(("/", "#main")) and not href.startswith("//"), (target, href)
        assert not [name for _, has in page.elements for name in has if name.startswith("on") or name == "style"]


def test_they_stand_there_as_they_were_written(house: House) -> None:
    words = HOSTILE[0]
    for target, page in pages(house, words).items():
        if target not in ("/account", "/calls?q", "/inbox?q"):
            assert words in page.text or words in page.values("value"), target


def test_what_turns_the_direction_or_cannot_be_seen_is_seen_to_be_there(house: House) -> None:
    words = f"Dr{TURNING} Evil"
    kept = words.replace("\0", "")
    found = pages(house, kept, of_practice="harmless")
    for target, page in found.items():
        shown = page.text
        if target in ("draft", "refused", "first"):
            continue  # what they write themselves stays as it is
        assert not [character for character in shown if character in TURNING.replace("\0", "")], target
    assert "Dr\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd Evil" in found["/calls"].text


def test_what_a_stranger_wrote_is_set_apart_from_the_direction_of_ours(house: House, harmless: dict[str, Page]) -> None:
    """A Hebrew name must not turn the words that follow it."""
    for target in ("/calls", "/inbox", "/conversations/1"):
        assert len(harmless[target].all("bdi")) >= 3


def test_a_page_may_load_and_do_nothing_but_what_is_ours(house: House) -> None:
    answer = house.somebody().get("/calls")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    page = Page(answer.body)
    assert all(has.get("src") for has in page.all("script"))
    assert not page.all("style")
