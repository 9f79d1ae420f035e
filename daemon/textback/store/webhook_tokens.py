"""The tokens of those who may start a flow over HTTP; only their hashes are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from textback.model import Flow
from textback.store.calls import instant_text
from textback.store.tables import webhook_tokens as tokens

#: What ``webhook list --json`` shows, in this order.
KEYS = ("id", "practice", "flow", "language", "label", "created_at", "created_by", "last_used_at", "revoked_at")

#: Bytes of chance in a token.
BYTES = 32
_listed = select(*(tokens.c[key] for key in KEYS))


@dataclass(frozen=True, slots=True)
class Grant:
    """What whoever shows the token may start: this flow, in this practice's name."""

    id: int
    practice: str
    flow: Flow
    language: str | None = None


def new_token() -> str:
    """A token as long as it must be, in base64url."""
    return secrets.token_urlsafe(BYTES)


def create(
    conn: Connection,
    token: str,
    *,
    practice: str,
    flow: Flow,
    by: str,
    now: float,
    language: str | None = None,
    label: str | None = None,
) -> int:
    """Let whoever shows ``token`` start a flow, from ``now`` (epoch seconds) on; gives the id of the webhook."""
    row = {"hash": _hash(token), "practice": practice, "flow": flow, "language": language, "label": label}
    made = conn.execute(insert(tokens), row | {"created_at": now, "created_by": by[:100]}).inserted_primary_key
    assert made is not None
    return int(made[0])


def find(conn: Connection, token: str) -> Grant | None:
    """What that token allows; None if there is none such, or it was revoked.

    It is looked for by its hash: how long that takes tells nothing of how much of a guess is right.
    """
    mine = _hash(token)
    is_it = (tokens.c.hash == mine, tokens.c.revoked_at.is_(None))
    row = conn.execute(select(tokens).where(*is_it)).first()
    if row is None or not hmac.compare_digest(row.hash, mine):
        return None
    return Grant(row.id, row.practice, Flow(row.flow), row.language)


def note_use(conn: Connection, webhook: int, at: float) -> None:
    """It was used at ``at`` (epoch seconds)."""
    conn.execute(update(tokens).where(tokens.c.id == webhook).values(last_used_at=at))


def revoke(conn: Connection, webhook: int, at: float) -> bool | None:
    """Refuse its token from ``at`` (epoch seconds) on; False if it was refused already, None if there is none such."""
    row = conn.execute(select(tokens.c.revoked_at).where(tokens.c.id == webhook)).first()
    if row is None or row.revoked_at is not None:
        return None if row is None else False
    conn.execute(update(tokens).where(tokens.c.id == webhook).values(revoked_at=at))
    return True


def listing(
    conn: Connection, *, limit: int = 100, since: float | None = None, practice: str | None = None
) -> list[dict[str, Any]]:
    """All of them, newest first, also those that were revoked; ``since`` (epoch seconds) they were made, 0 is all."""
    query = _listed.order_by(tokens.c.created_at.desc(), tokens.c.id.desc())
    if since is not None:
        query = query.where(tokens.c.created_at >= since)
    if practice is not None:
        query = query.where(tokens.c.practice == practice)
    rows = conn.execute(query.limit(limit) if limit else query).mappings()
    return [{key: instant_text(row[key]) if key.endswith("_at") else row[key] for key in KEYS} for row in rows]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
