"""Whether staff can be told of replies, looked at without telling anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.data import TLS
from tests.notices.servers import PASSWORD, USER, mail_server, receiver
from tests.practices import practice
from textback.config import load
from textback.doctor.finding import Finding
from textback.doctor.telling import examine_telling

KEY = '[notify]\nsigning_key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'
PAGES = '[http]\npublic_url = "https://textback.clinic.internal"\n'
MAIL = '[mail]\nhost = "127.0.0.1"\nport = {port}\nfrom = "textback@clinic.example"\n'


def look(folder: Path, text: str, **notify: Any) -> list[Finding]:
    async def run() -> list[Finding]:
        (folder / "textback.toml").write_text(text)
        found = examine_telling(load(folder / "textback.toml"), [practice(notify=notify)])
        return [finding async for finding in found]

    return asyncio.run(run())


def test_who_wants_nobody_told_is_not_looked_at(tmp_path: Path) -> None:
    assert look(tmp_path, MAIL.format(port=1) + KEY) == []


def test_what_textback_toml_lacks_is_named_with_the_lines(tmp_path: Path) -> None:
    pages, mail, webhook = look(tmp_path, "", email=["front@clinic.example"], webhook="https://crm.example/")
    assert (pages.status, mail.status, webhook.status) == ("warning", "failed", "failed")
    assert mail.lines[0] == "[mail]" and webhook.lines[0] == "[notify]" and "public_url" in pages.lines[0]


def test_a_mail_server_that_takes_us_gets_nothing(tmp_path: Path) -> None:
    with mail_server("starttls", auth=True) as box:
        given = f'tls_ca = "{TLS / "cert.pem"}"\nusername = "{USER.decode()}"\npassword = '
        text = PAGES + MAIL.format(port=box.port) + given
        (right,) = look(tmp_path, f'{text}"{PASSWORD.decode()}"\n', email=["front@clinic.example"])
        (wrong,) = look(tmp_path, f'{text}"guessed"\n', email=["front@clinic.example"])
    assert right.status == "ok" and wrong.status == "failed" and "535" in wrong.message
    assert box.letters == [] and "guessed" not in repr(wrong)


def test_a_webhook_is_reached_and_told_nothing(tmp_path: Path) -> None:
    async def story(status: int, allow: str) -> tuple[list[Finding], list[bytes]]:
        async with receiver(lambda request: status) as there:
            found = await asyncio.to_thread(look, tmp_path, PAGES + KEY + allow, webhook=there.url)
            return found, [post.body for post in there.posts]

    allow = 'allow_private = ["127.0.0.1"]\n'
    (finding,), bodies = asyncio.run(story(405, allow))
    assert finding.status == "ok" and bodies == [b""]
    (finding,), _ = asyncio.run(story(503, allow))
    assert finding.status == "warning" and "503" in finding.message
    (finding,), bodies = asyncio.run(story(204, ""))
    assert finding.status == "failed" and "allow_private" in finding.lines[0] and bodies == []
