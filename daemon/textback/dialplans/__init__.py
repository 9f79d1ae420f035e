"""Renders the files in ``dialplan/`` for one PBX, its daemon and its practices: text in, text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textback.dialplans.addresses import AGI, ESL, Reach, reach
from textback.dialplans.freeswitch import render_freeswitch
from textback.dialplans.freeswitch_headings import FREESWITCH_FILES
from textback.dialplans.headings import EXTENSIONS, FILES, MANAGER, QUEUES, heading
from textback.dialplans.keys import extensions, key_remarks
from textback.dialplans.marks import marked
from textback.dialplans.names import DialplanError, section
from textback.dialplans.passages import replaced, rewritten
from textback.dialplans.queues import queue_remarks, queues
from textback.dialplans.rendered import Rendered
from textback.dialplans.wishes import Wishes, wishes_for
from textback.practice import Practice

__all__ = [
    "AGI",
    "ESL",
    "EXTENSIONS",
    "FILES",
    "FREESWITCH_FILES",
    "MANAGER",
    "QUEUES",
    "DialplanError",
    "Reach",
    "Rendered",
    "reach",
    "render",
    "render_freeswitch",
]


def render(
    shipped: Mapping[str, str],
    pbx: str,
    username: str,
    way: Reach,
    practices: Sequence[Practice],
    only_pbx: bool = True,
) -> Rendered:
    """The files for an Asterisk; ``shipped`` are those to start from, ``username`` is the daemon's in AMI.

    ``only_pbx``: there is no other one on which a queue could be that is named without its PBX.
    Raises ``DialplanError`` for a name that the files cannot hold.
    """
    wishes = wishes_for(pbx, practices)
    for queue in wishes.queues:
        section(queue.name, f'the practice "{queue.practice}", queue')
    user = section(username, f"{pbx}: username")
    bodies: dict[str, Callable[[str], str]] = {
        MANAGER: lambda text: _manager(text, user, way.permits, wishes),
        EXTENSIONS: lambda text: extensions(text, way.hooks, wishes),
        QUEUES: lambda text: queues(text, wishes),
    }
    remarks: dict[str, tuple[str, ...]] = {
        MANAGER: (),
        EXTENSIONS: (*way.remarks, *key_remarks(wishes)),
        QUEUES: tuple(queue_remarks(pbx, wishes, only_pbx)),
    }
    files = {
        name: marked(heading(name, remarks[name]) + bodies[name](without_heading(shipped[name])), pbx) for name in FILES
    }
    return Rendered(files, tuple(remark for name in FILES for remark in remarks[name]))


def without_heading(text: str) -> str:
    """A shipped file without its first paragraph, which says where it goes as it is."""
    lines = text.splitlines(keepends=True)
    end = next(at for at, line in enumerate(lines) if line.strip() in ("", ";"))
    return "".join(lines[end:])


def _manager(text: str, user: str, permits: Sequence[str], wishes: Wishes) -> str:
    text = replaced(text, r"^\[textback\]$", f"[{user}]")
    text = replaced(text, r"^permit = .*$", "\n".join(f"permit = {network}" for network in permits))
    if "whisper" not in wishes.offers:
        return text
    text = replaced(text, '^; offer = "whisper" also needs originate.*$', '; originate: offer = "whisper"')
    return rewritten(text, r"^write = .*$", lambda line: f"{line},originate")
