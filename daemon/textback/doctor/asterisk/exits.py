"""Whether each queue in which callers may ask for a text lets them out by the key, and says so."""

from __future__ import annotations

from collections.abc import Iterator

from textback.dialplans.keys import context as exit_context, prompt
from textback.dialplans.queues import seconds
from textback.dialplans.wishes import QueueWish
from textback.doctor.asterisk.confs import Conf
from textback.doctor.asterisk.etc import QUEUES, Etc, place
from textback.doctor.asterisk.plan import Plan, steps_at
from textback.doctor.asterisk.wanted import Wanted
from textback.doctor.finding import Finding, failed, ok, skipped, warning
from textback.doctor.names import examine_name


def examine_names(wanted: Wanted, etc: Etc | None, there: frozenset[str] | None) -> Iterator[Finding]:
    """Whether the queues that practices name are on the PBX; ``there``: those that it told."""
    conf = etc.get(QUEUES) if etc else None
    known = _known(conf, there)
    check = f"{wanted.pbx.name}/queues"
    if known is None:
        if wanted.wishes.queues:
            yield skipped(check, "which queues the PBX has is not known")
        return
    for queue in wanted.wishes.queues:
        elsewhere = queue.name in wanted.wishes.unplaced and not wanted.only_pbx
        if queue.name not in known and not elsewhere and _is_realtime(etc):
            says = f"{queue.name} is not loaded; queues in a database (realtime) show once somebody called"
            yield warning(check, says)
        else:
            yield examine_name(check, queue, known, wanted.wishes, wanted.only_pbx)


def examine_exits(
    wanted: Wanted, etc: Etc | None, plan: Plan | None, there: frozenset[str] | None
) -> Iterator[Finding]:
    """``context`` and the announcement of each queue with call_to_text."""
    conf = etc.get(QUEUES) if etc else None
    if conf is None:
        if wanted.offering:
            says = "queues.conf was not looked into, so whether a key leads out of the queues is not known"
            yield skipped(f"{wanted.pbx.name}/exit", f"{says}: --asterisk-etc FOLDER lets me")
        return
    known = _known(conf, there) or frozenset()
    for queue in wanted.offering:
        if queue.name not in known:
            continue
        yield _exit(wanted, etc, conf, plan, queue)
        if queue.rules.offer == "announce":
            yield from _announcement(wanted, etc, conf, queue)


def _known(conf: Conf | None, there: frozenset[str] | None) -> frozenset[str] | None:
    if there is not None:
        return there
    if conf is None:
        return None
    return frozenset(conf.sections) - conf.templates - {"general"}


def _exit(wanted: Wanted, etc: Etc | None, conf: Conf, plan: Plan | None, queue: QueueWish) -> Finding:
    check, key = f"{wanted.pbx.name}/exit", queue.rules.key
    expected = exit_context(key, wanted.wishes)
    found = conf.value(queue.name, "context")
    lines, file = (f"[{queue.name}](+)", f"context = {expected}"), place(etc, QUEUES)
    if found == expected or (found and plan is not None and _leads_to_us(plan, found, key)):
        return ok(check, f"{queue.name}: the key {key} leads to [{found}]")
    if found and plan is not None and found not in plan:
        return failed(check, f"{queue.name}: its context [{found}] is not in the dialplan", lines, file)
    if found:
        says = (
            f"{queue.name}: the key {key} leads to [{found}], which does not ask for a text; where that is a menu of"
            f" your own, let its key {key} Goto(textback-keys,{key},1)"
        )
        return failed(check, says, lines, file)
    says = f"{queue.name} has no exit context, so the key {key} does not lead out of the queue"
    return failed(check, says, lines, file)


def _leads_to_us(plan: Plan, context: str, key: str) -> bool:
    steps = steps_at(plan, context, key)
    return any("textback-" in step.data or "/call-to-text" in step.data for step in steps)


def _announcement(wanted: Wanted, etc: Etc | None, conf: Conf, queue: QueueWish) -> Iterator[Finding]:
    check, file = f"{wanted.pbx.name}/announce", place(etc, QUEUES)
    said, often = conf.value(queue.name, "periodic-announce"), conf.value(queue.name, "periodic-announce-frequency")
    sound, every = prompt(queue.rules.key), seconds(queue.rules)
    if not said or not (often or "").isdigit() or int(often or 0) == 0:
        lines = (f"[{queue.name}](+)", f"periodic-announce = {sound}", f"periodic-announce-frequency = {every}")
        says = f"{queue.name}: nobody tells callers to press {queue.rules.key}"
        yield failed(check, says, (*lines, "announce-to-first-user = yes"), file)
        return
    if sound not in (part.strip() for part in said.split(",")) and said.startswith("textback/offer"):
        says = f"{queue.name}: {said} tells another key than {queue.rules.key}"
        yield failed(check, says, (f"[{queue.name}](+)", f"periodic-announce = {sound}"), file)
        return
    if (conf.value(queue.name, "announce-to-first-user") or "no").lower() not in ("yes", "true", "1", "on", "y", "t"):
        says = f"{queue.name}: since Asterisk 22 the caller who is next never hears the offer"
        yield warning(check, says, (f"[{queue.name}](+)", "announce-to-first-user = yes"), file)
        return
    yield ok(check, f"{queue.name}: callers hear {said} every {often} s")


def _is_realtime(etc: Etc | None) -> bool:
    conf = etc.get("extconfig.conf") if etc else None
    return conf is not None and conf.value("settings", "queues") is not None
