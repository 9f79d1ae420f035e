"""What each queue does about the offer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from textback.dialplans.keys import context, prompt
from textback.dialplans.names import comment
from textback.dialplans.passages import replaced
from textback.dialplans.wishes import QueueWish, Wishes
from textback.practice import CallToText

#: seconds; who hears the offer more often than that hears little else
OFTEN = 15

_TEMPLATE = "[textback-offer](!)"


def queues(text: str, wishes: Wishes) -> str:
    """One section for each queue that a practice names, and a template for the others, if there may be any."""
    template = next((rules for rules in wishes.elsewhere if _is_announced(rules)), None)
    parts = [] if template is None else [_template(text, template, wishes)]
    parts += [_section(queue, wishes) for queue in wishes.queues]
    return "\n" + "\n".join(parts or ["; no practice names a queue of this PBX\n"])


def queue_remarks(pbx: str, wishes: Wishes, only_pbx: bool) -> Iterator[str]:
    """What may not be meant."""
    if wishes.unplaced and not only_pbx:
        first = wishes.unplaced[0]
        yield (
            f"{', '.join(wishes.unplaced)}: named without a PBX, so looked for on {pbx}, too; if a queue is not there,"
            f' say where it is, such as "{pbx}/{first}"'
        )
    for queue in wishes.queues:
        if _is_announced(queue.rules) and seconds(queue.rules) < OFTEN:
            yield (
                f"callers in {queue.name} will hear the offer every {seconds(queue.rules)} s, as its first time comes"
                " as late as all others; Asterisk 18 and later know periodic-announce-startdelay for the first time"
            )


def _template(text: str, rules: CallToText, wishes: Wishes) -> str:
    where = "; for queues that no practice names: [NAME](+,textback-offer) after the line that includes this file\n"
    text = text[text.index(_TEMPLATE) :]
    text = replaced(text, r"^context = .*$", f"context = {context(rules.key, wishes)}")
    text = replaced(text, r"^periodic-announce = .*$", f"periodic-announce = {prompt(rules.key)}")
    text = replaced(text, r"^periodic-announce-frequency = .*$", f"periodic-announce-frequency = {seconds(rules)}")
    return where + text


def _section(queue: QueueWish, wishes: Wishes) -> str:
    rules, who = queue.rules, comment(queue.practice)
    if not rules.enabled:
        return f"; [{queue.name}]: call_to_text of {who} is off there\n"
    lines = [f'; {who}: offer = "{rules.offer}"', f"[{queue.name}](+)", f"context = {context(rules.key, wishes)}"]
    if _is_announced(rules):
        lines += [
            f"periodic-announce = {prompt(rules.key)}",
            f"periodic-announce-frequency = {seconds(rules)}",
            "announce-to-first-user = yes",
        ]
    return "\n".join(lines) + "\n"


def _is_announced(rules: CallToText) -> bool:
    return rules.enabled and rules.offer == "announce"


def seconds(rules: CallToText) -> int:
    """``after`` as app_queue takes it: whole seconds, of which 0 would switch it off."""
    return max(1, math.ceil(rules.after))
