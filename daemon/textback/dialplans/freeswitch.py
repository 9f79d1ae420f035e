"""Renders the files in ``dialplan/freeswitch``: the address of the hooks, keys and prompts, and each queue's offer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from textback.dialplans.addresses import Reach
from textback.dialplans.freeswitch_headings import CALLCENTER, DIALPLAN, EVENT_SOCKET, FREESWITCH_FILES, heading
from textback.dialplans.keys import SHIPPED_KEY, key_remarks, prompt
from textback.dialplans.marks import marked
from textback.dialplans.names import freeswitch_queue
from textback.dialplans.passages import replaced
from textback.dialplans.queues import is_announced, seconds
from textback.dialplans.rendered import Rendered
from textback.dialplans.wishes import QueueWish, Wishes, wishes_for
from textback.practice import CallToText, Practice

_HERE = r"^      <!-- settings of single queues come here -->$"


def render_freeswitch(
    shipped: Mapping[str, str],
    pbx: str,
    language: str,
    way: Reach,
    practices: Sequence[Practice],
    only_pbx: bool = True,
) -> Rendered:
    """The files for the FreeSWITCH of that name, whose channels speak ``language`` if nothing else is told.

    Raises ``DialplanError`` for a queue that mod_callcenter cannot have. See ``render`` for the rest.
    """
    wishes = wishes_for(pbx, practices)
    for queue in wishes.queues:
        freeswitch_queue(queue.name, f'the practice "{queue.practice}", queue')
    remarks = {
        EVENT_SOCKET: tuple(_socket_remarks(way)),
        DIALPLAN: (*way.remarks, *key_remarks(wishes)),
        CALLCENTER: tuple(_queue_remarks(pbx, wishes, only_pbx)),
    }
    bodies = {
        EVENT_SOCKET: without_heading(shipped[EVENT_SOCKET]),
        DIALPLAN: _dialplan(without_heading(shipped[DIALPLAN]), way.hooks, _folder(language), wishes),
    }
    speech = {practice.name: _folder(practice.language) for practice in practices}
    bodies |= dict(_queues(without_heading(shipped[CALLCENTER]), wishes, speech, _folder(language)))
    files = {name: marked(heading(name, remarks.get(name, ())) + text, pbx) for name, text in bodies.items()}
    return Rendered(files, tuple(remark for name in FREESWITCH_FILES for remark in remarks[name]))


def without_heading(text: str) -> str:
    """A shipped file without its first comment, which says where it goes as it is."""
    return text.partition("-->\n")[2]


# -- the dialplan ------------------------------------------------------------------------------------------------------


def _dialplan(text: str, hooks: str, speech: str, wishes: Wishes) -> str:
    key = next(iter(wishes.keys), SHIPPED_KEY)
    for name, value in (("esl", hooks), ("key", key), ("prompt", prompt(key))):
        pattern = rf"^        <action application=\"set\" data=\"textback_{name}=[^$\"]*\"/>$"
        text = replaced(text, pattern, f"        {_set(name, value)}")
    text = replaced(text, r"^        <anti-action application=\"set\" data=\"textback_speech=en\"/>$",
                    f'        <anti-action application="set" data="textback_speech={speech}"/>')  # fmt: skip
    return replaced(text, _HERE, "\n".join(_queue_settings(key, wishes)) or "      <!-- each queue has these -->")


def _queue_settings(key: str, wishes: Wishes) -> Iterator[str]:
    """For the queues with another key than most, and for those in which it does nothing."""
    for queue in wishes.queues:
        rules = queue.rules
        if rules.enabled and rules.key == key:
            continue
        yield f'      <condition field="${{textback_queue}}" expression="^{re.escape(queue.name)}$" break="never">'
        yield f"        {_set('key', rules.key if rules.enabled else '')}"
        if rules.enabled:
            yield f"        {_set('prompt', prompt(rules.key))}"
        yield "      </condition>"


def _set(name: str, value: str) -> str:
    return f'<action application="set" data="textback_{name}={value}"/>'


# -- the queues --------------------------------------------------------------------------------------------------------


def _queues(text: str, wishes: Wishes, speech: Mapping[str, str], usual: str) -> Iterator[tuple[str, str]]:
    """One file for each queue that a practice names, and one for all others."""
    others = next((rules for rules in wishes.elsewhere if is_announced(rules)), None)
    yield CALLCENTER, _queue(text, others, usual)
    for queue in wishes.queues:
        if queue.rules.enabled:
            rules = queue.rules if is_announced(queue.rules) else None
            yield _file(queue), _queue(text, rules, speech.get(queue.practice, usual))


def _file(queue: QueueWish) -> str:
    return CALLCENTER.replace(".xml", f"-{queue.name}.xml")


def _queue(text: str, announced: CallToText | None, speech: str) -> str:
    """The piece of callcenter.conf.xml, with an announcement or without."""
    text = replaced(text, r"^  <!-- offer = \"announce\"[^>]*-->\n", "")
    told = {} if announced is None else {
        "sound": f"$${{sounds_dir}}/{speech}/{prompt(announced.key)}.wav",
        "frequency": str(seconds(announced)),
    }  # fmt: skip
    for name in ("sound", "frequency"):
        line = f'  <param name="announce-{name}" value="{told[name]}"/>\n' if told else ""
        text = replaced(text, rf"^  <param name=\"announce-{name}\".*\n", line)
    return text


# -- what to mind ------------------------------------------------------------------------------------------------------


def _socket_remarks(way: Reach) -> Iterator[str]:
    far = [permit.partition("/")[0] for permit in way.permits if not permit.startswith(("127.", "::1/"))]
    if far:
        yield (
            f"the daemon comes from {', '.join(far)}: let listen-ip be the address at which it sees this FreeSWITCH,"
            " and let apply-inbound-acl name a list of acl.conf.xml that has the daemon in it"
        )


def _queue_remarks(pbx: str, wishes: Wishes, only_pbx: bool) -> Iterator[str]:
    if wishes.unplaced and not only_pbx:
        first = wishes.unplaced[0]
        yield (
            f"{', '.join(wishes.unplaced)}: named without a PBX, so looked for on {pbx}, too; if a queue is not there,"
            f' say where it is, such as "{pbx}/{first}"'
        )


def _folder(language: str) -> str:
    """The folder of a language's prompts."""
    return re.split("[-_]", language)[0].lower()
