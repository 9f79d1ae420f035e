"""The dialplan as a list of what is done: contexts, their extensions, and in these the actions in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from textback.doctor.freeswitch.tags import Node, place_of, tag_of

#: contexts that are asked for at most, on the way from where callers arrive
MOST_CONTEXTS = 60
_NAME = re.compile(r"[\w.@+-]{1,80}")
_LEADS = ("transfer", "execute_extension")


@dataclass(frozen=True, slots=True)
class Step:
    """One action, or anti-action."""

    context: str
    extension: str
    application: str
    data: str
    node: Node

    @property
    def where(self) -> str:
        """For people."""
        return f"context {self.context}, extension {self.extension}"

    @property
    def file(self) -> str:
        """Where it stands: its file, else its place."""
        return place_of(self.node) or f"the dialplan, {self.where}"

    @property
    def written(self) -> str:
        """The line itself."""
        return tag_of(self.node)

    @property
    def assigns(self) -> tuple[str, str] | None:
        """The variable that it sets, in small letters, as names of variables are the same in capitals."""
        if self.application not in ("set", "export") or "=" not in self.data:
            return None
        name, _, value = self.data.partition("=")
        return name.strip().lower().removeprefix("nolocal:"), value.strip()

    @property
    def target(self) -> tuple[str, str] | None:
        """Extension and context that it leads to; in the context of the step where it names none."""
        if self.application not in _LEADS:
            return None
        words = self.data.split()
        if words and words[0] in ("-aleg", "-bleg", "-both"):
            words = words[1:]
        if not words:
            return None
        context = words[2] if len(words) > 2 else "${context}"
        return words[0], self.context if context == "${context}" else context


@dataclass(frozen=True, slots=True)
class Extension:
    """``conditions``: field and expression of each, as far as they have any."""

    context: str
    name: str
    steps: tuple[Step, ...]
    conditions: tuple[tuple[str, str], ...]
    goes_on: bool
    node: Node


def extensions(context: Node) -> list[Extension]:
    """All of a context."""
    name = context.get("name")
    return [_extension(name, node) for node in context.of("extension")]


def every_step(contexts: Mapping[str, Node]) -> Iterator[Step]:
    """All actions of these contexts."""
    for context in contexts.values():
        for extension in extensions(context):
            yield from extension.steps


def led_to(context: Node) -> list[str]:
    """The contexts that it names as the place where a call goes on."""
    targets = [step.target for extension in extensions(context) for step in extension.steps]
    return list(dict.fromkeys(target[1] for target in targets if target and _NAME.fullmatch(target[1])))


def may_be_asked(context: str) -> bool:
    """Whether a name is one that a command can hold."""
    return _NAME.fullmatch(context) is not None


def _extension(context: str, node: Node) -> Extension:
    name = node.get("name") or "without a name"
    found = [one for one in node.walk() if one.tag in ("action", "anti-action", "condition")]
    steps = tuple(
        Step(context, name, one.get("application"), one.get("data"), one)
        for one in found
        if one.tag != "condition"
    )
    conditions = tuple((one.get("field"), one.get("expression")) for one in found if one.tag == "condition")
    return Extension(context, name, steps, conditions, node.get("continue") == "true", node)


def last_set(before: Sequence[Step], variable: str) -> tuple[Step, str] | None:
    """Of these steps the last that sets a variable, and the value."""
    found = [(step, step.assigns[1]) for step in before if step.assigns and step.assigns[0] == variable]
    return found[-1] if found else None
