"""Two daemons on one database: what waits there leaves once, whoever is faster."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from tests.faults.daemon import Daemon, configure, prepare, rows, until
from tests.faults.queue import fill
from tests.faults.twilio import FaultyTwilio
from tests.servers import Server
from textback.store import senders
from textback.store.engine import reading
from textback.store.tables import messages

TEXTS = 500
#: seconds
LIMIT = 120.0


def waiting(engine: Engine) -> int:
    with reading(engine) as connection:
        return Counter(connection.execute(select(messages.c.status)).scalars())["queued"]


def sending(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(senders.beats(connection))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'textback.db'}"
        return
    server: Server = request.getfixturevalue(request.param)
    with server.database() as made:
        yield made


def test_two_daemons_that_claim_from_one_queue_send_each_text_once(tmp_path: Path, url: str) -> None:
    engine = prepare(url)
    with FaultyTwilio() as twilio:
        config = configure(tmp_path / "textback.toml", url, twilio.url, timeout=15.0)
        log = tmp_path / "log"
        with Daemon(config, log, "textback") as one, Daemon(config, log, "textback") as two:
            assert until(lambda: sending(engine) == 2, LIMIT), log.read_text()
            fill(engine, TEXTS, time.time())
            assert until(lambda: len(twilio.taken) >= TEXTS and waiting(engine) == 0, LIMIT)
            assert (one.stop(), two.stop()) == (0, 0)
    _, texts = rows(engine)
    engine.dispose()
    assert Counter(text["status"] for text in texts) == {"sent": TEXTS}
    assert Counter(one.to for one in twilio.taken) == Counter(text["to_number"] for text in texts)
    assert len({text["claimed_by"] for text in texts}) == 2
