"""A dialplan as the checks see it, from Asterisk's files or from what it shows of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from textback.doctor.asterisk.confs import Conf, Entry
from textback.pbx.wire import Headers

_APPLICATION = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\((.*)\))?\s*$", re.DOTALL)
_PRIORITY = re.compile(r"\s*([^()]*?)\s*(?:\(([^)]*)\))?\s*$")
_NO_CONTEXTS = ("general", "globals")


@dataclass(frozen=True, slots=True)
class Step:
    """One application of one extension; ``entry``: the line that says so, where a file was read."""

    context: str
    exten: str
    label: str
    app: str
    data: str
    entry: Entry | None = None

    @property
    def written(self) -> str:
        """The line as it stands, or as it may stand."""
        return self.entry.line if self.entry else f" same => n,{self.app}({self.data})"

    @property
    def where(self) -> str:
        """In which line of which file, or else in which context."""
        return f"{self.entry.file}, line {self.entry.number}" if self.entry else f"[{self.context}], {self.exten}"

    @property
    def file(self) -> str:
        """The file in which it stands, as far as that is known."""
        return self.entry.file if self.entry else "extensions.conf"


@dataclass(slots=True)
class Context:
    """Its steps in order, and the contexts that it includes."""

    steps: list[Step] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)


Plan = dict[str, Context]


def plan_of(conf: Conf) -> Plan:
    """What pbx_config makes of extensions.conf."""
    plan: Plan = {}
    for name, entries in conf.sections.items():
        if name not in _NO_CONTEXTS and name not in conf.templates:
            plan[name] = _context(name, entries)
    return plan


def shown(name: str, rows: Iterable[Headers]) -> Context:
    """What Asterisk tells of one context (``ListDialplan``, the items of the action ShowDialPlan)."""
    context, exten = Context(), ""
    for row in rows:
        if include := row.get("IncludeContext"):
            context.includes.append(include)
        exten = row.get("Extension", exten)
        if application := row.get("Application"):
            label = row.get("ExtensionLabel", "")
            context.steps.append(Step(name, exten, label, application, row.get("AppData", "")))
    return context


def steps_at(plan: Plan, context: str, exten: str, depth: int = 10) -> list[Step]:
    """What an extension does, found in the context itself or in what it includes; patterns are not followed."""
    there = plan.get(context)
    if there is None or depth == 0:
        return []
    own = [step for step in there.steps if step.exten == exten]
    if own:
        return own
    for include in there.includes:
        if found := steps_at(plan, include, exten, depth - 1):
            return found
    return []


def arguments(data: str) -> list[str]:
    """What stands between the commas, but for those in ``${}``, ``$[]``, brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for character in data:
        quoted ^= character == '"'
        depth += (character in "({[") - (character in ")}]")
        if character == "," and depth <= 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _context(name: str, entries: Iterable[Entry]) -> Context:
    context, exten = Context(), ""
    for entry in entries:
        kind = entry.name.lower()
        if kind == "include":
            context.includes.append(entry.value.partition(",")[0].strip())
        elif kind == "exten":
            exten, _, rest = entry.value.partition(",")
            _add(context, name, exten.strip(), rest, entry)
        elif kind == "same":
            _add(context, name, exten.strip(), entry.value, entry)
    return context


def _add(context: Context, name: str, exten: str, rest: str, entry: Entry) -> None:
    priority, _, application = rest.partition(",")
    found, label = _APPLICATION.match(application), _PRIORITY.match(priority)
    if found:
        context.steps.append(Step(name, exten, (label[2] or "") if label else "", found[1], found[2] or "", entry))
