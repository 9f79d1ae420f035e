"""The dialplan: the address of the hooks, the keys that callers press, and the prompt that tells them."""

from __future__ import annotations

from collections.abc import Iterator

from textback.dialplans.names import word
from textback.dialplans.passages import replaced, rewritten
from textback.dialplans.wishes import Wishes

#: the key that the shipped dialplan listens to and the shipped prompt tells
SHIPPED_KEY = "5"

_KEY_BLOCK = r"^exten => 5,1,Gosub\(textback-settings,s,1\)\n(?: same => .*\n)+"


def prompt(key: str) -> str:
    """The sound file that tells callers to press ``key``."""
    return "textback/offer" if key == SHIPPED_KEY else f"textback/offer-{word(key)}"


def context(key: str, wishes: Wishes) -> str:
    """The context for a queue with ``key``: where there are several keys, no other one shall mean anything."""
    return "textback-keys" if len(wishes.keys) < 2 else f"textback-keys-{word(key)}"


def extensions(text: str, agi: str, wishes: Wishes) -> str:
    """The shipped dialplan with the hooks at ``agi`` and with the keys in use."""
    keys = wishes.keys or (SHIPPED_KEY,)
    text = replaced(text, r"^exten => s,1,Set\(TEXTBACK_AGI=.*\)$", f"exten => s,1,Set(TEXTBACK_AGI={agi})")
    text = replaced(text, r"^ same => n,Set\(TEXTBACK_PROMPT=.*\)$", "\n".join(_prompt_lines(keys[0], wishes)))
    return rewritten(text, _KEY_BLOCK, lambda block: "\n".join(_key_blocks(block, keys)))


def key_remarks(wishes: Wishes) -> Iterator[str]:
    """What has to be recorded, and whether there is anything to press."""
    if not wishes.keys:
        yield "no practice has call_to_text on for this PBX, so nothing comes of the key"
    for key in wishes.keys:
        if key != SHIPPED_KEY:
            yield (
                f'{prompt(key)} is yours to record, once for each language: "press {key}" (the prompt that we made says'
                f" {SHIPPED_KEY})"
            )


def _prompt_lines(key: str, wishes: Wishes) -> Iterator[str]:
    """For offers that the daemon makes; it tells the queue before."""
    yield f" same => n,Set(TEXTBACK_PROMPT={prompt(key)})"
    for queue in wishes.queues:
        rules = queue.rules
        if rules.enabled and rules.key != key:
            is_there = f'$["${{TEXTBACK_QUEUE}}" = "{queue.name}"]'
            yield f" same => n,ExecIf({is_there}?Set(TEXTBACK_PROMPT={prompt(rules.key)}))"


def _key_blocks(block: str, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        yield block.replace(f"exten => {SHIPPED_KEY},1,", f"exten => {key},1,", 1)
    if len(keys) < 2:
        return
    yield "; for queues with one of these keys only\n"
    for key in keys:
        yield (
            f"[textback-keys-{word(key)}]\n"
            "include => textback-hangup\n"
            f"exten => {key},1,Goto(textback-keys,{key},1)\n"
        )
