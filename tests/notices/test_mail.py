"""E-mail to staff, handed to a mail server on a real socket."""

from __future__ import annotations

import asyncio
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data import TLS
from tests.notices.errands import errand
from tests.notices.servers import PASSWORD, USER, MailBox, mail_server
from textback.notices import Untold
from textback.notices.mail import Mail, MailServer, letter_of

SENDER = "textback@clinic.example"


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "cert.pem"))


def mail(box: MailBox, **given: Any) -> Mail:
    return Mail(MailServer("127.0.0.1", box.port, SENDER, **({"tls": "none", "timeout": 10.0} | given)))


def told(box: MailBox, **given: Any) -> None:
    asyncio.run(mail(box, **given).carry(errand()))


def refused(box: MailBox, **given: Any) -> Untold:
    with pytest.raises(Untold) as caught:
        told(box, **given)
    assert not box.letters and "hunter2" not in str(caught.value)
    return caught.value


def test_it_says_where_there_is_something_to_read_and_nothing_of_what() -> None:
    with mail_server() as box:
        told(box)
    (letter,) = box.letters
    assert box.recipients == ["front@clinic.example"]
    assert (letter["To"], letter["From"]) == ("front@clinic.example", f"textback <{SENDER}>")
    assert letter["Subject"] == "New reply: Riverside, Front desk"
    assert letter["Message-ID"] == "<5e6a1fd3-7f0c-4c0f-9d59-0d1a2ff9d2c7@clinic.example>"
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Date"] == "Fri, 15 Jan 2027 12:00:00 +0000"
    body = letter.get_content().replace("\r\n", "\n")
    assert "Somebody replied to Riverside, on the line Front desk." in body
    assert "https://textback.clinic.internal/conversations/12\n" in body and "3 conversations wait" in body


@pytest.mark.parametrize("kind", ["starttls", "tls"])
def test_it_is_encrypted_and_signs_in(kind: str) -> None:
    with mail_server(kind, auth=True) as box:
        told(box, tls=kind, context=trusting(), username=USER.decode(), password=PASSWORD.decode())
    assert (len(box.letters), box.signed_in, box.encrypted) == (1, 1, [True])


@pytest.mark.parametrize("kind", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_nothing(kind: str) -> None:
    with mail_server(kind, auth=True) as box:
        error = refused(
            box, tls=kind, context=ssl.create_default_context(), username=USER.decode(), password=PASSWORD.decode()
        )
    assert error.of_place and not error.for_good and "certificate" in str(error).lower() and box.signed_in == 0


def test_a_server_that_does_not_encrypt_gets_neither_password_nor_letter() -> None:
    with mail_server() as box:
        error = refused(box, tls="starttls", context=trusting(), username="textback", password="hunter2")
    assert error.of_place and not error.for_good


def test_a_wrong_password_is_the_servers_matter_and_tried_again() -> None:
    with mail_server("starttls", auth=True) as box:
        error = refused(box, tls="starttls", context=trusting(), username="textback", password="not-hunter2")
    assert error.of_place and not error.for_good and "535" in str(error)


@pytest.mark.parametrize(
    ("step", "answer", "for_good", "of_place"),
    [
        ("RCPT", "550 5.1.1 no such user here", True, False),
        ("RCPT", "451 4.7.1 greylisted, come again", False, False),
        ("RCPT", "452 mailbox full", False, False),
        ("DATA", "554 5.7.1 looks like spam", True, False),
        ("DATA", "451 out of space", False, False),
        ("MAIL", "550 we do not send for you", False, True),
        ("MAIL", "530 authentication required", False, True),
        ("MAIL", "421 going down", False, True),
    ],
)
def test_what_a_refusal_means(step: str, answer: str, for_good: bool, of_place: bool) -> None:
    with mail_server(**{step: answer}) as box:
        error = refused(box)
    assert (error.for_good, error.of_place) == (for_good, of_place)
    assert answer[:3] in str(error)


def test_nobody_there_is_told_in_words() -> None:
    with mail_server() as box:
        pass
    error = refused(box)
    assert error.of_place and not error.for_good and "127.0.0.1" in str(error)


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    async def story() -> Untold:
        held = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await held.wait()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Untold) as caught:
            await Mail(MailServer("127.0.0.1", port, SENDER, tls="none", timeout=0.05)).carry(errand())
        held.set()
        server.close()
        return caught.value

    error = asyncio.run(story())
    assert error.of_place and "no answer in time" in str(error)


def test_a_farewell_that_fails_does_not_make_it_untold() -> None:
    """The server has it by then: telling it again would tell it twice."""

    async def story() -> list[bytes]:
        heard: list[bytes] = []

        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 hello\r\n")
            while line := await reader.readline():
                heard.append(line)
                if line.startswith(b"QUIT"):
                    break
                if line.startswith(b"DATA"):
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 fine\r\n")
            writer.close()

        server = await asyncio.start_server(rude, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        await Mail(MailServer("127.0.0.1", port, SENDER, tls="none", timeout=10.0)).carry(errand())
        server.close()
        return heard

    assert any(line.startswith(b"DATA") for line in asyncio.run(story()))


def test_looking_signs_in_and_sends_nothing() -> None:
    with mail_server("starttls", auth=True) as box:
        given = {"tls": "starttls", "context": trusting(), "username": "textback"}
        asyncio.run(mail(box, password=PASSWORD.decode(), **given).look())
        with pytest.raises(Untold, match="535"):
            asyncio.run(mail(box, password="guessed", **given).look())
    assert (box.signed_in, box.letters) == (1, [])


def parsed(letter: EmailMessage) -> EmailMessage:
    found = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


@given(st.text(min_size=1, max_size=100), st.text(max_size=100))
def test_no_name_becomes_a_header_or_breaks_the_letter(practice: str, line: str) -> None:
    made = letter_of(errand(practice=practice, line=line), SENDER)
    wire = made.as_bytes()
    assert wire.isascii() and all(len(one) < 998 for one in wire.split(b"\r\n"))
    letter = parsed(made)
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"}
    assert set(letter.keys()) == expected | {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert letter["To"] == "front@clinic.example" and len(letter.get_all("Subject")) == 1


def test_a_name_with_line_ends_stays_on_one_line() -> None:
    letter = parsed(letter_of(errand(practice="A\r\nBcc: x@evil.example\u2028B"), SENDER))
    assert letter["Subject"] == "New reply: A  Bcc: x@evil.example B, Front desk" and letter["Bcc"] is None


@pytest.mark.parametrize(
    ("language", "subject", "body"),
    [
        ("es-MX", "Respuesta nueva: Riverside, Front desk", "Hay 3 conversaciones sin leer."),
        ("fr", "Nouvelle réponse : Riverside, Front desk", "3 conversations ne sont pas lues."),
        ("de", "New reply: Riverside, Front desk", "3 conversations wait to be read."),
    ],
)
def test_it_is_in_the_language_that_is_wanted_or_in_english(language: str, subject: str, body: str) -> None:
    letter = parsed(letter_of(errand(language=language), SENDER))
    assert letter["Subject"] == subject and body in letter.get_content()


def test_without_an_address_of_the_pages_there_is_no_link_and_without_a_line_no_line() -> None:
    letter = parsed(letter_of(errand(url=None, line="", unread=1), SENDER))
    body = letter.get_content()
    assert "http" not in body and "in the inbox of textback" in body and "the only conversation" in body
    assert letter["Subject"] == "New reply: Riverside"
