"""What the words do that end texts to a number, begin them again, or ask for help."""

from __future__ import annotations

import logging

from sqlalchemy import Connection

from textback import numbers
from textback.inbox.text import Text
from textback.keywords import Keyword, Kind, keyword_of
from textback.model import Answer, Known
from textback.numbers import Masked
from textback.sms import Inbound
from textback.store import inbound as texts
from textback.store import optouts

#: How an opt-out is known: they texted it.
_BY_TEXT = "text"


def keyword_in(inbound: Inbound) -> Keyword | None:
    """What a text asks for: by the provider's own words, or by ours."""
    return Keyword(Kind(inbound.asks), "") if inbound.asks else keyword_of(inbound.body)


def stop_elsewhere(conn: Connection, inbound: Inbound, region: str, now: float, log: logging.Logger) -> None:
    """An opt-out holds for all lines, also one that comes to a number that we have texted from and have no more."""
    keyword, sender = keyword_in(inbound), numbers.read(inbound.sender, region).e164
    if sender is not None and keyword is not None and keyword.kind is Kind.STOP:
        optouts.opt_out(conn, sender, now if inbound.at is None else inbound.at, _BY_TEXT)
        log.info("%s opted out by text", Masked(sender))


def act(conn: Connection, text: Text, kind: Kind, known: Known, log: logging.Logger) -> Answer | None:
    """Do what a word asks for; gives the answer that is due to it."""
    if kind is Kind.HELP:
        return None if known.opted_out else Answer.HELP
    if kind is Kind.STOP:
        is_new = optouts.opt_out(conn, text.sender, text.at, _BY_TEXT)
        log.info("%s opted out by text", Masked(text.sender))
        return Answer.OPT_OUT if is_new else None
    if not known.opted_out or _opted_out_later(conn, text):
        return None
    optouts.remove(conn, text.sender)
    log.info("%s wants texts again", Masked(text.sender))
    return Answer.OPT_IN


def _opted_out_later(conn: Connection, text: Text) -> bool:
    """Whether a START that was late is older than their last word: that one counts."""
    if (optouts.since(conn, text.sender) or 0.0) > text.at:
        return True
    later = map(keyword_of, texts.bodies_after(conn, text.sender, text.at))
    return any(keyword is not None and keyword.kind is Kind.STOP for keyword in later)
