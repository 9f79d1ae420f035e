"""Whether the ways by which a practice wants its staff told are there: textback.toml has them, not its own file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textback.inside import Network, is_refused
from textback.mistakes import Mistake, shown
from textback.practice.sections import Notify


@dataclass(frozen=True, slots=True)
class Ways:
    """By which ways staff can be told, and ``allowed``: the networks of ours that may be posted to."""

    email: bool = False
    webhook: bool = False
    allowed: tuple[Network, ...] = ()


def refused(webhook: object, ways: Ways) -> list[Mistake]:
    """What is wrong with a webhook that would lead inside; a name is looked up only when it is posted to."""
    if not isinstance(webhook, str) or not is_refused(webhook, ways.allowed):
        return []
    expected = "one outside this machine and its network, or that [notify] allow_private in textback.toml has"
    return [Mistake("notify.webhook", shown(webhook), expected)]


def lacks(notify: Notify, ways: Ways) -> Iterator[str]:
    """What keeps staff from being told, one sentence each."""
    if notify.email and not ways.email:
        yield "notify.email names who is told by e-mail, and textback.toml has no [mail]: nobody is"
    if notify.webhook and not ways.webhook:
        yield "notify.webhook is posted to only once textback.toml has a signing_key in [notify]"
