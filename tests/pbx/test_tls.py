"""A link over TLS: whom we trust is read anew each time, and what is wrong with a certificate is said in words."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.data import TLS
from tests.pbx.fake_asterisk import SECRET, fake_asterisk
from tests.pbx.fake_freeswitch import PASSWORD, fake_freeswitch
from textback.events import Fact, LinkSynced
from textback.pbx.ami import AmiLink, AmiSettings
from textback.pbx.errors import CertificatesError, LinkError
from textback.pbx.esl import EslLink, EslSettings
from textback.pbx.esl_tls import tls_context
from textback.pbx.link import Link
from textback.pbx.tls import Tls, system_tls

PATIENCE = 10.0


def asterisk(port: int, ca: Path | None, **more: Any) -> Link:
    tls = Tls(str(ca) if ca else None, system_tls)
    settings = AmiSettings("main", "127.0.0.1", port, SECRET, ("PJSIP/t-*",), username="textback", tls=tls)
    return AmiLink(settings, **more)


def freeswitch(port: int, ca: Path | None, **more: Any) -> Link:
    tls = Tls(str(ca) if ca else None, tls_context)
    return EslLink(EslSettings("main", "127.0.0.1", port, PASSWORD, ("sofia/external/*",), tls=tls), **more)


def certified(name: str) -> ssl.SSLContext:
    """A PBX with that certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(TLS / f"{name}.pem", TLS / "key.pem" if name == "cert" else None)
    return server


class Tries:
    """Waits between the attempts of a link as long as the test wants it to, and keeps how long it should be."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.waits = asyncio.Event()
        self.again = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.delays.append(seconds)
        self.waits.set()
        await self.again.wait()
        self.again.clear()
        self.waits.clear()


KINDS = [(fake_asterisk, asterisk), (fake_freeswitch, freeswitch)]


@pytest.mark.parametrize(("fake", "kind"), KINDS, ids=["asterisk", "freeswitch"])
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ("expired", "has expired, or one that vouches for it: renew it there, or in tls_ca"),
        ("later", "is not valid yet: compare the clocks of both computers"),
        ("elsewhere", "is for another address: let `host` be the name that it is for"),
    ],
)
def test_a_certificate_that_is_not_right_is_named_and_tried_slowly(
    fake: Any, kind: Any, certificate: str, words: str
) -> None:
    async def story() -> None:
        async with fake(certified(certificate)) as pbx, asyncio.timeout(PATIENCE):
            tries = Tries()
            link = kind(pbx.port, TLS / f"{certificate}.pem", emit=lambda fact: None, sleep=tries.sleep)
            running = asyncio.create_task(link.run())
            await tries.waits.wait()
            assert link.problem == f"cannot connect to 127.0.0.1:{pbx.port}: its certificate {words}"
            assert tries.delays == [60.0]
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


@pytest.mark.parametrize(("fake", "kind"), KINDS, ids=["asterisk", "freeswitch"])
def test_who_is_trusted_is_read_anew_at_the_next_try(fake: Any, kind: Any, tmp_path: Path) -> None:
    async def story() -> None:
        facts: list[Fact] = []
        trusted = Path(shutil.copy(TLS / "expired.pem", tmp_path / "ca.pem"))
        async with fake(certified("cert")) as pbx, asyncio.timeout(PATIENCE):
            tries = Tries()
            link = kind(pbx.port, trusted, emit=facts.append, sleep=tries.sleep)
            running = asyncio.create_task(link.run())
            await tries.waits.wait()
            assert "is signed by itself: name it in tls_ca, if it is the right one" in (link.problem or "")
            trusted.write_text("renewed by halves\n")
            tries.again.set()
            while len(tries.delays) < 2:
                await asyncio.sleep(0)
            assert link.problem == f"tls_ca {trusted}: it holds no certificate that can be read"
            trusted.unlink()
            tries.again.set()
            while len(tries.delays) < 3:
                await asyncio.sleep(0)
            assert link.problem == f"tls_ca {trusted}: no such file or directory"
            shutil.copy(TLS / "cert.pem", trusted)
            tries.again.set()
            while not any(isinstance(fact, LinkSynced) for fact in facts):
                await asyncio.sleep(0)
            assert link.is_up and tries.delays == [60.0, 60.0, 60.0]
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())


@pytest.mark.parametrize("make", [system_tls, tls_context])
def test_a_file_that_cannot_be_read_is_a_fault_of_its_own(make: Any, tmp_path: Path) -> None:
    with pytest.raises(CertificatesError, match="no such file or directory") as caught:
        Tls(str(tmp_path / "gone.pem"), make).context()
    assert isinstance(caught.value, LinkError) and caught.value.permanent
