"""Calls that are judged together: what the database knows of one must not be taken for another's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from tests.practices import document
from textback.call import Call, Phase
from textback.directory import Directory
from textback.judge import judge_ended
from textback.ledger import Entry
from textback.model import Disposition, Verdict
from textback.practice import read_practice
from textback.store import practices
from textback.store.tables import contacts

NUMBER = "+13055550123"
HELLO = {"en": "Hi {first_name|there}, this is {practice}.", "es": "Hola {first_name|amigo}, somos {practice}."}


def clinic(name: str, line: str, did: str) -> dict[str, Any]:
    told = document(practice__name=name, abandoned__enabled=True, abandoned__message=HELLO)
    return told | {"line": [{"name": "Desk", "number": line, "dids": [did]}]}


def abandoned(number: int, did: str, ended: float) -> Entry:
    call = Call(
        id=f"main/{number}",
        pbx="main",
        linkedid=str(number),
        started_at=ended - 60.0,
        number=NUMBER,
        did=did,
        phase=Phase.ENDED,
        ended_at=ended,
        hold_started_at=ended - 60.0,
        stretch=60.0,
        disposition=Disposition.ABANDONED,
    )
    return Entry(call, backfilled=True)


def test_who_was_lost_at_two_practices_is_called_by_name_where_they_are_known(engine: Engine) -> None:
    """After an outage both calls are told, settle and are judged at once."""
    told = [clinic("Ash", "+12025550100", "+12025550110"), clinic("Birch", "+12025550200", "+12025550210")]
    read = [read_practice(one) for one in told]
    directory = Directory(read)
    with engine.begin() as connection:
        for one, practice in zip(told, read, strict=True):
            practices.put(connection, practice.name, one, "test", 0.0)
        person = {"first_name": "Ana", "kind": "patient", "verified": True, "language": "es", "created_at": 0.0}
        connection.execute(contacts.insert(), person | {"practice": "Birch", "number": NUMBER})
        entries = [abandoned(1, "+12025550110", 1000.0), abandoned(2, "+12025550210", 1030.0)]
        docket = [(one, directory.home("main", None, one.call.did), 5000.0) for one in entries]
        ash, birch = judge_ended(connection, docket, settled=True)
    assert ash.decision and birch.decision
    assert (ash.decision.verdict, ash.decision.body) == (Verdict.HELD, "Hi there, this is Ash.")
    assert (birch.decision.verdict, birch.decision.body) == (Verdict.HELD, "Hola Ana, somos Birch.")
