"""Builds the links to the PBXes that the configuration names."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from textback.call import Phase
from textback.clock import Clock
from textback.config import Pbx
from textback.events import Fact
from textback.ledger import from_row
from textback.pbx import ami_facts, esl_facts
from textback.pbx.ami import AmiLink, AmiSettings
from textback.pbx.esl import EslLink, EslSettings
from textback.pbx.esl_tls import tls_context
from textback.pbx.link import Link
from textback.pbx.patience import Patience
from textback.pbx.picture import NOTHING
from textback.pbx.recording import Translator
from textback.pbx.records import Records
from textback.pbx.records.kinds import records_of
from textback.pbx.sight import LastSeen
from textback.store import calls


def link_of(pbx: Pbx, emit: Callable[[Fact], None], clock: Clock, patience: Patience) -> Link:
    """The link to a PBX, not begun yet. Raises ``OSError`` for a ``tls_ca`` that cannot be read."""
    if pbx.kind == "asterisk":
        return AmiLink(ami_settings(pbx), emit, clock, patience=patience)
    return EslLink(esl_settings(pbx), emit, clock, patience=patience)


def ami_settings(pbx: Pbx) -> AmiSettings:
    """How to reach an Asterisk, and what of it matters."""
    return AmiSettings(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        secret=pbx.secret.get_secret_value(),
        trunks=tuple(pbx.trunks),
        contexts=tuple(pbx.inbound_contexts),
        language=pbx.language,
        records=_records(pbx),
        username=pbx.username or "",
        tls=_tls(pbx) if pbx.tls else None,
    )


def esl_settings(pbx: Pbx) -> EslSettings:
    """How to reach a FreeSWITCH, and what of it matters."""
    return EslSettings(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        secret=pbx.secret.get_secret_value(),
        trunks=tuple(pbx.trunks),
        contexts=tuple(pbx.inbound_contexts),
        language=pbx.language,
        records=_records(pbx),
        tls=tls_context(pbx.tls_ca) if pbx.tls else None,
    )


def translator_of(pbx: Pbx) -> Translator:
    """What makes facts of the events of a PBX."""
    kind = ami_facts.Translator if pbx.kind == "asterisk" else esl_facts.Translator
    return kind(pbx.name, pbx.trunks, pbx.inbound_contexts, pbx.language)


def known_calls(connection: Connection, pbx: str) -> dict[str, LastSeen]:
    """The callers who are on the line, as far as is stored; only of who was in a menu is it known what was true."""
    found = [from_row(row).call for row in calls.unsettled(connection, pbx)]
    return {
        call.id.partition("/")[2]: LastSeen(situation=NOTHING if call.phase is Phase.MENU else None)
        for call in found
        if call.phase is not Phase.ENDED
    }


def _records(pbx: Pbx) -> Records | None:
    return records_of(
        pbx.kind, pbx.name, pbx.trunks, pbx.inbound_contexts, pbx.language, pbx.queue_log, pbx.cdr
    )


def _tls(pbx: Pbx) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(Path(pbx.tls_ca)) if pbx.tls_ca else None)
