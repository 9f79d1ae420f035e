"""Two years of a dozen practices: the database whose pages the benchmarks open."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, insert, text, update

from tests.practices import document
from tests.web.browser import HASH
from textback.model import ContactKind, Role, TileState
from textback.practice import read_practice, to_document
from textback.store import accounts, migrations, practices
from textback.store.audit import Action
from textback.store.staff_tables import audit, notes
from textback.store.tables import calls, contacts, conversations, messages

END, DAY = 1_795_262_400.0, 86_400.0
BEGIN = END - 730 * DAY
#: the practices and their parts of all calls; three have few
SIZES = {"Riverside": 40.0, "Harbor": 20.0, "Few": 0.05, "Rare": 0.02, "New": 0.0}
SIZES |= {f"Clinic {letter}": 5.7 for letter in "ABCDEFG"}
PRACTICES = list(SIZES)
_parts = list(accumulate(SIZES.values()))
QUEUES = [f"queue {number}" for number in range(18)]
#: one in ten thousand calls, and one that there has not been for two years
RARE_QUEUE, OLD_QUEUE = "vip", "recall"
FIRST = "Maria Tom Joan Ahmed Grace Wei Sofia Luis Nora Peter".split()
LAST = "Alvarez Becker Price Okafor Chen Rossi Young Haddad O'Brien Santos".split()
#: who has thousands of calls; their first one has thousands of messages, too
BUSY = 20
LONG = 5_000
ENDINGS = {"answered": 60.0, "abandoned": 16.0, "missed": 14.0, "texted": 6.0, "unreached": 4.0, "lost": 0.01}
STATES = {"delivered": 85.0, "sent": 8.0, "failed": 4.0, "undelivered": 2.0, "cancelled": 0.9, "held": 0.05}
STATES |= {"unknown": 0.02, "queued": 0.02}
FLOWS = {"abandoned": "abandoned", "missed": "missed", "texted": "call_to_text"}
#: who looks at it, and whose practices they see
PEOPLE: dict[str, tuple[str, ...]] = {
    "dana": ("Riverside",), "pat": ("Riverside",), "two": ("Harbor", "Few"), "few": ("Few",), "root": (),
}  # fmt: skip
CHUNK = 20_000


def number(person: int) -> str:
    """The number of somebody, counted from 0."""
    return f"+1202{2_000_000 + person}"


def home(person: int) -> str:
    """The practice that they call."""
    if person < BUSY:
        return PRACTICES[0]
    point = person * 2_654_435_761 % 2**32 / 2**32 * _parts[-1]
    return next(name for name, end in zip(PRACTICES, _parts, strict=True) if point < end)


def line(practice: str) -> str:
    """Its texting number."""
    return f"+12025550{PRACTICES.index(practice):03}"


def build(engine: Engine, count: int) -> None:
    """So many calls, a fifth as many conversations, and all that belongs to them."""
    migrations.upgrade(engine)
    chance = random.Random(1)
    on_file = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        if on_file:
            connection.execute(text("PRAGMA cache_size = -1000000"))
        _staff(connection)
        homes = [home(person) for person in range(count // 5)]
        _people(connection, homes, chance)
        tiles = _calls(connection, count, homes, chance)
        _thread(connection, tiles)
        _tiles(connection, tiles, chance)
    engine.dispose()
    if not on_file:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(table), rows[start : start + CHUNK])
    rows.clear()


def _staff(connection: Connection) -> None:
    for name in PRACTICES:
        numbers = [{"name": "Desk", "number": line(name), "main_number": line(name).replace("5550", "5551")}]
        made = read_practice(document(practice__name=name, practice__default=name == PRACTICES[0], line=numbers))
        practices.put(connection, name, to_document(made), "benchmark", BEGIN)
    for name, theirs in PEOPLE.items():
        role = Role.STAFF if theirs else Role.ADMIN
        told: dict[str, Any] = {"full_name": name.title(), "role": role, "practices_of_theirs": list(theirs)}
        accounts.add(connection, name, **told, password_hash=HASH, by="benchmark", now=BEGIN)


def _people(connection: Connection, homes: list[str], chance: random.Random) -> None:
    """Three of four callers who have a conversation are known by name."""
    known, threads = [], []
    kinds = [ContactKind.PATIENT] * 4 + [ContactKind.CONTACT, ContactKind.REFERRAL]
    for person, practice in enumerate(homes):
        contact = person + 1 if person % 4 else None
        if contact is not None:
            # of one practice all are patients, of another nobody is
            usual = chance.choice(kinds)
            kind = {"Clinic A": ContactKind.PATIENT, "Clinic B": ContactKind.CONTACT}.get(practice, usual)
            first = "Quintessa" if person % 50_000 == 1 else chance.choice(FIRST)
            row = {"id": contact, "practice": practice, "number": number(person), "first_name": first}
            row |= {"last_name": chance.choice(LAST), "kind": kind, "verified": True, "created_at": BEGIN}
            known.append(row)
        thread = {"id": person + 1, "practice": practice, "line": line(practice), "number": number(person)}
        threads.append(thread | {"contact_id": contact, "created_at": BEGIN})
    _put(connection, contacts, known)
    _put(connection, conversations, threads)


def _calls(connection: Connection, count: int, homes: list[str], chance: random.Random) -> dict[int, dict[str, Any]]:
    """The calls with their texts and the replies; gives when each conversation was replied to and written in last."""
    rows: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    tiles: defaultdict[int, dict[str, Any]] = defaultdict(lambda: {"last_reply_at": None})
    endings = chance.choices(list(ENDINGS), list(ENDINGS.values()), k=count)
    for serial, ending in enumerate(endings):
        # each tenth comes in the same moment as the one before it
        at = BEGIN + (serial - (serial % 10 == 9)) * 730 * DAY / count
        person = chance.randrange(BUSY) if chance.random() < 0.06 else chance.randrange(int(len(homes) * 1.3))
        practice = homes[person] if person < len(homes) else home(person)
        call = _call(f"main/{serial}", at, person, ending, practice, chance)
        if ending in FLOWS and person < len(homes) and chance.random() < 0.8:
            written = _texts(call, person + 1, at + 60, chance)
            texts += written
            call |= {"message_id": written[0]["id"], "conversation_id": person + 1, "verdict": "text"}
            tiles[person + 1]["last_message_at"] = written[-1]["created_at"]
            if len(written) > 1:
                tiles[person + 1]["last_reply_at"] = written[1]["created_at"]
        rows.append(call)
        if len(rows) == CHUNK:
            _put(connection, messages, texts)
            _put(connection, calls, rows)
    _put(connection, messages, texts)
    _put(connection, calls, rows)
    return tiles


def _call(
    name: str, at: float, person: int, ending: str, practice: str, chance: random.Random
) -> dict[str, Any]:
    waited = ending in ("answered", "abandoned", "texted")
    luck = chance.random()
    queue = RARE_QUEUE if luck < 1e-4 else OLD_QUEUE if luck < 1e-2 and at < BEGIN + 20 * DAY else chance.choice(QUEUES)
    needs = ending in FLOWS and chance.random() < (0.5 if at > END - DAY else 0.0005)
    return {
        "id": name, "pbx": "main", "practice": None if luck > 0.997 else practice, "caller": number(person),
        "caller_tail": number(person)[-4:], "caller_name": f"{chance.choice(LAST)}, {chance.choice(FIRST)}",
        "did": line(practice), "queue": queue if waited else None, "started_at": at, "ended_at": at + 55,
        "hold_seconds": 55.0 if waited else None, "disposition": ending, "voicemail": False, "backfilled": False,
        "answered_at": at + 20 if ending == "answered" else None, "flow": FLOWS.get(ending), "verdict": "skip",
        "reason": "cooldown", "why": "skip: had an automatic text 1 h 10 min ago", "message_id": None,
        "conversation_id": None, "story": [[at, "called"], [at + 3, "waits in support"], [at + 55, "hung up"]],
        "needs_since": at if needs else None,
    }  # fmt: skip


def _text(call: dict[str, Any], thread: int, at: float, chance: random.Random, **values: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128))), "conversation_id": thread, "call_id": None,
        "practice": call["practice"], "direction": "out", "flow": None, "to_number": call["caller"],
        "from_number": call["did"], "body": "This is Riverside. We got disconnected. How can we help you today?",
        "segments": 1, "encoding": "GSM-7", "attempts": 1, "priority": 1, "status": "delivered", "author": None,
        "created_at": at, "due_at": at,
    } | values  # fmt: skip


def _texts(call: dict[str, Any], thread: int, at: float, chance: random.Random) -> list[dict[str, Any]]:
    state = chance.choices(list(STATES), list(STATES.values()))[0]
    texts = [_text(call, thread, at, chance, call_id=call["id"], flow=call["flow"], status=state)]
    if state == "delivered" and chance.random() < 0.35:
        received = {"direction": "in", "to_number": call["did"], "from_number": call["caller"], "status": "received"}
        texts.append(_text(call, thread, at + 300, chance, body="Can I move Friday to next week?", **received))
        if chance.random() < 0.7:
            texts.append(_text(call, thread, at + 500, chance, body="Of course. When?", author="dana"))
    return texts


def _thread(connection: Connection, tiles: dict[int, dict[str, Any]]) -> None:
    """The first conversation is a very long one."""
    chance, times = random.Random(2), [BEGIN + number * 700 * DAY / LONG for number in range(LONG)]
    call = {"practice": PRACTICES[0], "caller": number(0), "did": line(PRACTICES[0])}
    _put(connection, messages, [_text(call, 1, at, chance) for at in times])
    said = [{"id": str(uuid.UUID(int=chance.getrandbits(128))), "at": at, "author": "dana"} for at in times[::10]]
    _put(connection, notes, [row | {"conversation_id": 1, "body": "Has called again."} for row in said])
    done = {"who": "dana", "action": Action.ASSIGNED, "practice": PRACTICES[0], "conversation_id": 1}
    _put(connection, audit, [done | {"at": at} for at in times[::5]])
    _put(connection, audit, [done | {"at": at, "action": Action.READ} for at in times])
    tiles[1]["last_reply_at"] = tiles[1]["last_message_at"] = END - 60


def _tiles(connection: Connection, tiles: dict[int, dict[str, Any]], chance: random.Random) -> None:
    rows = [_tile(thread, tile, chance) for thread, tile in tiles.items() if tile["last_reply_at"] is not None]
    unreplied = [{"thread": thread, **tile} for thread, tile in tiles.items() if tile["last_reply_at"] is None]
    _update(connection, unreplied)
    _update(connection, rows)


def _tile(thread: int, tile: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    luck, last = chance.random(), tile["last_reply_at"]
    state = TileState.CLOSED if luck < 0.8 else TileState.SNOOZED if luck < 0.83 else TileState.OPEN
    unread = last if state is TileState.OPEN and luck > 0.995 else None
    assignee = chance.choices([None, "dana", "kim", "root"], [50, 40, 9.9, 0.1])[0]
    snoozed = END + 3600.0 if state is TileState.SNOOZED else None
    waits = {"unread_since": unread, "waiting_since": unread, "snoozed_until": snoozed}
    return {"thread": thread, "state": state, "assignee": assignee, **waits, **tile}


def _update(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    found = list(rows)
    if found:
        names = [name for name in found[0] if name != "thread"]
        columns = {name: bindparam(name, type_=conversations.c[name].type) for name in names}
        query = update(conversations).where(conversations.c.id == bindparam("thread")).values(columns)
        connection.execute(query, found)
