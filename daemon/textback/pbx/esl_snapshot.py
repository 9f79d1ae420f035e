"""What a FreeSWITCH answers when it is asked who is on the line and who waits in which queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textback.pbx.esl_event import JsonEvent
from textback.pbx.esl_session import Session

#: one leg, one pair of legs, or one who waits, as FreeSWITCH lists it: all of it text
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``channels`` and ``calls``: the rows of ``show channels`` and ``show bridged_calls``; ``dumps``: by id, all that
    ``uuid_dump`` tells of legs whose far end may be outside; ``members``: the rows of the queues that are in use.
    """

    channels: Sequence[Row]
    calls: Sequence[Row]
    dumps: Mapping[str, JsonEvent]
    members: Sequence[Row]


async def ask(session: Session, is_of_interest: Callable[[str], bool]) -> Snapshot:
    """Ask for all of it; ``is_of_interest``: by its name, whether a leg is to be dumped. Raises ``LinkError``.

    Every list is asked for as JSON: in the others a caller's name may hold the end of a row, and another row.
    """
    channels = rows(await session.api_json("show channels as json"))
    calls = rows(await session.api_json("show bridged_calls as json"))
    dumps = {}
    for row in channels:
        if is_of_interest(row.get("name", "")):
            dump = await session.api_json(f"uuid_dump {row.get('uuid', '')} json")
            if isinstance(dump, dict):
                dumps[row["uuid"]] = JsonEvent(dump)
    members: list[Row] = []
    for queue in sorted(_queues(channels, dumps.values())):
        members += await queue_rows(session, "queue list members", queue)
    return Snapshot(channels, calls, dumps, members)


async def queue_rows(session: Session, what: str, queue: str | None = None) -> list[Row]:
    """What mod_callcenter lists; nothing where it is not loaded, or too old for JSON. Raises ``LinkError``."""
    data = {"arguments": what} | ({"queue_name": queue} if queue is not None else {})
    answer = await session.api_json(f"json {json.dumps({'command': 'callcenter_config', 'data': data})}")
    return _texts(answer.get("response")) if isinstance(answer, dict) else []


def rows(answer: Any) -> list[Row]:
    """The rows of ``show … as json``, which without any has no list of them either."""
    return _texts(answer.get("rows")) if isinstance(answer, dict) else []


def _texts(listed: Any) -> list[Row]:
    if not isinstance(listed, list):
        return []
    return [{name: value for name, value in row.items() if isinstance(value, str)} for row in listed if _is_row(row)]


def _is_row(row: Any) -> bool:
    return isinstance(row, dict)


def _queues(channels: Iterable[Row], dumps: Iterable[JsonEvent]) -> set[str]:
    """The queues that somebody may wait in; a name with a blank or a line end in it is none of mod_callcenter."""
    named = {row.get("application_data", "") for row in channels if row.get("application") == "callcenter"}
    named |= {dump.get("variable_cc_queue") or "" for dump in dumps}
    return {name for name in named if name and name.isprintable()}
