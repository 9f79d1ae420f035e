"""What the demo begins with: the configuration, a practice, people whom it knows, and somebody who may sign in."""

from __future__ import annotations

import secrets
import socket
import tomllib
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, select

from textback.cli import toml
from textback.cli.database import opened
from textback.clock import Clock
from textback.model import ContactKind, Role
from textback.practice import read_practice, to_document
from textback.store import accounts, migrations, practices
from textback.store.tables import contacts

#: Where the pages are, unless something else is there.
PORT = 8080
NAME, FULL_NAME = "demo", "Dana Scott"
#: People whom the clinic knows; the others who call are strangers to it.
PEOPLE = (
    ("+12125550117", "Grace", "Okafor", ContactKind.PATIENT, "en"),
    ("+13125550142", "Tom", "Alvarez", ContactKind.PATIENT, "en"),
    ("+12065550135", "Hana", "Suzuki", ContactKind.PATIENT, "es"),
    ("+15035550193", "Marta", "Kowalski", ContactKind.PATIENT, "en"),
    ("+16025550109", "Owen", "Clarke", ContactKind.REFERRAL, "en"),
)


@dataclass(frozen=True)
class Scene:
    """Where the configuration and the pages are, and how to sign in."""

    config: Path
    address: str
    name: str
    password: str


def set_the_scene(folder: Path, pbx_port: int, clock: Clock) -> Scene:
    """Write the configuration and fill the database in a folder."""
    url, listen = f"sqlite:///{folder / 'demo.db'}", f"127.0.0.1:{_port()}"
    pbx = {
        "name": "demo", "kind": "asterisk", "host": "127.0.0.1", "port": pbx_port, "username": "textback",
        "secret": "demo", "trunks": ["PJSIP/trunk-*"], "inbound_contexts": ["from-trunk"],
    }  # fmt: skip
    # the callers' answers are fetched, as they would be where no callback can reach the daemon
    sms = {"rate": 10.0, "inbound": "poll", "poll": "1s"}
    config, password = folder / "demo.toml", secrets.token_urlsafe(9)
    config.write_text(
        toml.dumps({"database": {"url": url}, "http": {"listen": listen}, "pbx": [pbx], "sms": sms}), "utf-8"
    )
    with opened(url) as engine:
        migrations.upgrade(engine)
        with engine.begin() as connection:
            _fill(connection, password, clock())
    return Scene(config, f"http://{listen}/", NAME, password)


def _fill(conn: Connection, password: str, now: float) -> None:
    sample = read_practice(tomllib.loads(files("textback.demo").joinpath("practice.toml").read_text("utf-8")))
    practices.put(conn, sample.name, to_document(sample), "demo", now)
    known = {"practice": sample.name, "verified": True, "created_at": now}
    if conn.execute(select(contacts.c.id).where(contacts.c.verified)).first() is None:
        names = ("number", "first_name", "last_name", "kind", "language")
        conn.execute(insert(contacts), [known | dict(zip(names, person, strict=True)) for person in PEOPLE])
    hashed, user = PasswordHasher().hash(password), accounts.find(conn, NAME)
    if user is not None:  # of an earlier demo, whose log was kept
        accounts.set_password(conn, user.id, hashed, now)
        return
    accounts.add(
        conn,
        NAME,
        full_name=FULL_NAME,
        role=Role.ADMIN,
        practices_of_theirs=(),
        password_hash=hashed,
        by="demo",
        now=now,
    )


def _port() -> int:
    """The usual port, or else one that is free."""
    for wanted in (PORT, 0):
        with closing(socket.socket()) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port: int = tried.getsockname()[1]
            return port
    raise OSError("no port is free")
