"""What a user would write instead of having texts sent: Twilio's own SDK in a loop over the numbers in a table."""

from __future__ import annotations

import sqlite3
import sys

from twilio.rest import Client

QUEUED = "SELECT to_number, from_number, body FROM messages WHERE status = 'queued'"


def main() -> None:
    file, base = sys.argv[1:]
    client = Client("AC" + "0" * 32, "token")
    client.api.base_url = base
    for to, sender, body in sqlite3.connect(file).execute(QUEUED).fetchall():
        client.messages.create(to=to, from_=sender, body=body)


if __name__ == "__main__":
    main()
