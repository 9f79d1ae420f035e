"""What a user would write instead of asking a hook: panoramisk's FastAGI server, a query, and one variable."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from panoramisk.fast_agi import Application, Request

#: a text within the last hour, to the number that calls
TEXTED = "SELECT count(*) FROM messages WHERE to_number = ? AND created_at > datetime('now', '-1 hour')"
REMEMBER = "INSERT INTO wanted (number, at) VALUES (?, datetime('now'))"


async def listen(file: Path) -> asyncio.Server:
    """Answers ``may-offer`` and notes ``call-to-text``, which it commits, in the SQLite file of a daemon."""
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE wanted (number TEXT, at TEXT)")

    async def may_offer(request: Request) -> None:
        ((texts,),) = connection.execute(TEXTED, (request.headers["agi_callerid"],))
        await request.send_command(f"SET VARIABLE OFFER {int(not texts)}")

    async def call_to_text(request: Request) -> None:
        with connection:
            connection.execute(REMEMBER, (request.headers["agi_callerid"],))
        await request.send_command("SET VARIABLE RESULT texted")

    application = Application(loop=asyncio.get_running_loop())
    for name, route in (("may-offer", may_offer), ("call-to-text", call_to_text)):
        application.add_route(f"{name}?queue=support", route)
    return await asyncio.start_server(application.handler, "127.0.0.1", 0)
