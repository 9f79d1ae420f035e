"""Reads what Asterisk sends at the beginning of an AGI session, and tells what a caller forged in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textback.hooks.desk import Caller
from textback.hooks.request import Request, language_of, read_arguments

#: What Asterisk 16 and 22 send from here on, each once, in this order (``setup_env`` in res/res_agi.c). The numbers
#: among them are the caller's choice, cut at 79 characters: too few to forge the rest.
_IN_ORDER = (
    *("agi_version", "agi_callerid", "agi_calleridname", "agi_callingpres", "agi_callingani2", "agi_callington"),
    *("agi_callingtns", "agi_dnid", "agi_rdnis", "agi_context", "agi_extension", "agi_priority", "agi_enhanced"),
    *("agi_accountcode", "agi_threadid"),
)
_LINE = re.compile(r"(agi_\w{1,60}):(?: (.*))?", re.ASCII | re.DOTALL)
_UNIQUEID = re.compile(r"[!-~]{1,150}")
_NUMBER = re.compile(r"[0-9]{1,4}")
#: characters; a number is cut at 79 by Asterisk, a name is anything
_LONGEST = 255
#: AST_PRES_RESTRICTION and AST_PRES_RESTRICTED in include/asterisk/callerid.h
_RESTRICTION, _RESTRICTED = 0x60, 0x20


class NotAgi(Exception):
    """What came is no AGI environment; the text says why, without what came."""


def read(lines: Sequence[str]) -> Request:
    """The request in the lines before the blank one. Raises ``NotAgi``.

    The first of a repeated key counts: ``agi_uniqueid``, ``agi_channel`` and ``agi_request`` stand before anything
    that a caller can choose.
    """
    pairs = [(found[1], found[2] or "") for found in map(_LINE.fullmatch, lines) if found]
    values = dict(reversed(pairs))
    if not pairs or "agi_request" not in values and "agi_network_script" not in values:
        raise NotAgi("no agi_request in it")
    if not _UNIQUEID.fullmatch(values.get("agi_uniqueid", "")):
        raise NotAgi("no agi_uniqueid in it")
    hook, arguments = _asked(pairs, values)
    early = any(name.startswith("agi_arg_") for name, _ in pairs[: _behind(pairs)])
    tampered = len(pairs) < len(lines) or early or _is_forged([name for name, _ in pairs])
    return Request(hook, _caller(values, arguments, tampered), arguments)


def _is_forged(names: Sequence[str]) -> bool:
    """A line that is repeated, missing or out of its place was made by a number with line ends in it."""
    known = [name for name in names if name in _IN_ORDER]
    return len(set(names)) < len(names) or "agi_version" in known and known != list(_IN_ORDER)


def _asked(pairs: Sequence[tuple[str, str]], values: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The hook's name, and its arguments."""
    script = values.get("agi_network_script")
    if script is None:
        script = values["agi_request"].partition("://")[2].partition("/")[2]
    path, _, query = script.partition("?")
    more = [value for name, value in pairs[_behind(pairs) :] if name.startswith("agi_arg_")]
    return path.strip("/"), read_arguments(query, more)


def _behind(pairs: Sequence[tuple[str, str]]) -> int:
    """Where everything is over that a caller can choose: what looks like an argument before that was forged."""
    ends = [place for place, (name, _) in enumerate(pairs, 1) if name == _IN_ORDER[-1]]
    is_asterisk = any(name == _IN_ORDER[0] for name, _ in pairs)
    return ends[-1] if ends else len(pairs) if is_asterisk else 0


def _caller(values: dict[str, str], arguments: dict[str, str], tampered: bool) -> Caller:
    return Caller(
        pbx=arguments.get("pbx") or None,
        uniqueid=values["agi_uniqueid"],
        channel=values.get("agi_channel", ""),
        number=_known(values, "agi_callerid"),
        name=_known(values, "agi_calleridname"),
        did=_known(values, "agi_dnid"),
        language=_known(values, "agi_language"),
        practice=arguments.get("practice") or None,
        queue=arguments.get("queue") or None,
        lang=language_of(arguments),
        withheld=_is_withheld(values.get("agi_callingpres", "")),
        tampered=tampered,
    )


def _known(values: dict[str, str], name: str) -> str | None:
    """A value, or None for what Asterisk writes when there is none."""
    value = values.get(name, "")
    return None if value in ("", "unknown", "<unknown>") else value[:_LONGEST]


def _is_withheld(presentation: str) -> bool:
    return bool(_NUMBER.fullmatch(presentation)) and int(presentation) & _RESTRICTION == _RESTRICTED
