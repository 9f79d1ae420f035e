"""A database server that is out of reach is noticed within half a minute, whatever its network does."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from textback.store import reaching
from textback.store.engine import open_engine
from textback.watchdog import LIMIT


def test_it_is_noticed_long_before_the_watchdog_would() -> None:
    assert reaching.CONNECT < LIMIT / 2
    assert reaching.IDLE + reaching.COUNT * reaching.INTERVAL <= reaching.UNHEARD / 1000 < LIMIT / 2


def test_a_connection_of_pymysql_is_watched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as ours:
            reaching.watch(SimpleNamespace(_sock=ours))
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    here, _ = socket.socketpair()
    with here, _:
        reaching.watch(SimpleNamespace(_sock=here))  # of a socket on this computer nothing is asked


def test_a_real_server_takes_it(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        raw: Any = connection.connection.driver_connection
        if engine.dialect.name == "postgresql":
            told = raw.info.get_parameters()
            assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("10", "30000")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_what_the_url_says_itself_holds(kind: str) -> None:
    made = open_engine(f"{kind}://textback@127.0.0.1/textback?connect_timeout=3")
    _, arguments = made.dialect.create_connect_args(made.url)
    assert str(arguments["connect_timeout"]) == "3"
    made.dispose()
