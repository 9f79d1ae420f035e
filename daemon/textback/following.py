"""Builds the links to the PBXes that the configuration names."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from textback.call import Phase
from textback.config import Config, Pbx
from textback.pbx.ami import AmiSettings
from textback.pbx.ami_resync import LastSeen
from textback.pbx.picture import NOTHING
from textback.pbx.records import Records
from textback.pbx.records.kinds import records_of
from textback.tracker import Tracker

log = logging.getLogger("textback")


def followed(config: Config) -> list[Pbx]:
    """The PBXes that are followed."""
    for pbx in config.pbx:
        if pbx.kind != "asterisk":
            log.warning("%s: FreeSWITCH is not followed yet; this entry is left out", pbx.name)
    return [pbx for pbx in config.pbx if pbx.kind == "asterisk"]


def settings_of(pbx: Pbx) -> AmiSettings:
    """How to reach an Asterisk, and what of it matters."""
    return AmiSettings(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        username=pbx.username or "",
        secret=pbx.secret.get_secret_value(),
        trunks=tuple(pbx.trunks),
        contexts=tuple(pbx.inbound_contexts),
        language=pbx.language,
        tls=_tls(pbx) if pbx.tls else None,
        records=_records(pbx),
    )


def known_calls(tracker: Tracker, pbx: str) -> dict[str, LastSeen]:
    """The callers who were on the line when the daemon stopped; only of who was in a menu is it known what was true."""
    return {
        call.id.partition("/")[2]: LastSeen(situation=NOTHING if call.phase is Phase.MENU else None)
        for call in tracker.open_calls(pbx)
    }


def _records(pbx: Pbx) -> Records | None:
    return records_of(
        pbx.kind, pbx.name, pbx.trunks, pbx.inbound_contexts, pbx.language, pbx.queue_log, pbx.cdr
    )


def _tls(pbx: Pbx) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(Path(pbx.tls_ca)) if pbx.tls_ca else None)
