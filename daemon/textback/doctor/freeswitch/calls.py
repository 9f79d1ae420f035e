"""How the house's own dialplan sends callers into queues: whether the key works, and whether their calls go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from textback.dialplans.wishes import QueueWish
from textback.doctor.finding import Finding, Status, failed, ok, warning
from textback.doctor.freeswitch.asks import examine_asks
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.plan import Extension, Step, extensions, last_set, led_to
from textback.doctor.freeswitch.queues import param, written_queues
from textback.doctor.freeswitch.trunks import arrivals
from textback.doctor.freeswitch.wanted import Wanted
from textback.pbx.esl_actions import CONTEXT

#: what others call by transfer, with what must be set before
_NEEDS = {"textback-ask": "textback_hook", "textback-queue": "textback_queue"}
_GIVES_UP = ("max-wait-time", "max-wait-time-with-no-agent")


def examine_calls(wanted: Wanted, conf: Conf, look: Look | None) -> Iterator[Finding]:
    """Every line of the house that matters, where call_to_text is on.

    Who calls in may come elsewhere only by a transfer of the staff: there, what fails is worth a warning.
    """
    if not wanted.is_offering or not conf.contexts:
        return
    house, near, seen = _House(wanted, conf, look), _reached(conf, arrivals(wanted, conf, look)), 0
    for name, context in conf.contexts.items():
        for extension in extensions(context) if name != CONTEXT else ():
            for finding in (*house.examine(extension), *examine_asks(wanted, extension)):
                seen += 1
                is_far = finding.status is Status.FAILED and near and name not in near
                yield replace(finding, status=Status.WARNING) if is_far else finding
    yield from house.unreached()
    if not seen:
        yield ok(f"{wanted.pbx.name}/calls", "no line of the dialplan loses a caller who presses a key")


def _reached(conf: Conf, contexts: list[str]) -> set[str]:
    """The contexts in which callers arrive, and those that the dialplan leads them to."""
    waiting, reached = [name for name in contexts if name in conf.contexts], set[str]()
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += [to for to in led_to(conf.contexts[name]) if to in conf.contexts and to not in reached]
    return reached


class _House:
    def __init__(self, wanted: Wanted, conf: Conf, look: Look | None) -> None:
        self._wanted = wanted
        self._conf = conf
        self._queues = written_queues(conf) or {}
        self._known = {*self._queues, *(row.get("name", "") for row in (look.queues or [] if look else ()))}
        ours = conf.contexts.get(CONTEXT)
        self._ours = {one.get("name") for one in ours.of("extension")} if ours else set()
        self._reached: set[str] = set()

    def examine(self, extension: Extension) -> Iterator[Finding]:
        """What is to be said of one."""
        for at, step in enumerate(extension.steps):
            before, after = extension.steps[:at], extension.steps[at + 1 :]
            if step.application == "callcenter":
                yield from self._callcenter(step, before, after)
            elif step.target and step.target[1] == CONTEXT:
                yield from self._transfer(step, step.target[0], before)

    def unreached(self) -> Iterator[Finding]:
        """Queues that no line of the dialplan leads to: perhaps a line that we do not see does."""
        for queue in self._wanted.offering:
            if queue.name not in self._reached and queue.name in self._known:
                says = f"no line of the dialplan leads into {queue.name}, as far as it was seen: it is not judged"
                yield warning(f"{self._wanted.pbx.name}/calls", says)

    # -- queues --------------------------------------------------------------------------------------------------

    def _callcenter(self, step: Step, before: tuple[Step, ...], after: tuple[Step, ...]) -> Iterator[Finding]:
        """A line of the house's own: it needs the key, the way out of the queue, and the way back."""
        name = _filled(step.data, before)
        queue = self._wanted.queue(name)
        self._reached.add(name)
        if queue is None or not queue.rules.enabled:
            return
        keys, key = last_set(before, "cc_exit_keys"), queue.rules.key
        if keys is None or (key not in keys[1] and "$" not in keys[1]):
            yield self._no_key(step, queue, keys, after)
            return
        way_out = next((one for one in after if one.target in (("textback-left", CONTEXT),)), None)
        check = f"{self._wanted.pbx.name}/fallback"
        if way_out is None:
            says = f"{step.where}: nothing asks for a text behind the queue, so who presses {key} loses their place"
            line = f'<action application="transfer" data="textback-left XML {CONTEXT}"/>'
            yield failed(check, f"{says}; then reloadxml", (step.written, line), step.file, (step.written,))
        elif last_set(before, "textback_back") is None and last_set(before, "textback_queue") is None:
            says = f"{step.where}: without textback_back a caller does not come back to this line"
            line = f'<action application="set" data="textback_back=${{destination_number}} XML {step.context}"/>'
            yield failed(check, f"{says}; then reloadxml", (line, step.written), step.file, (step.written,))
        else:
            yield ok(f"{self._wanted.pbx.name}/exit", f"{step.where}: the key {key} leads out of {name}, and back")

    def _no_key(
        self, step: Step, queue: QueueWish, keys: tuple[Step, str] | None, after: tuple[Step, ...]
    ) -> Finding:
        check, offer = f"{self._wanted.pbx.name}/exit", queue.rules.offer
        name, key = queue.name, queue.rules.key
        if keys is not None and keys[1]:
            says = f"{step.where}: {keys[1]} leads out of {name}, and the practice wants {key}; then reloadxml"
            line = f'<action application="set" data="cc_exit_keys={key}"/>'
            return failed(check, says, (line,), keys[0].file, (keys[0].written,))
        says = f"{step.where}: the key {key} does not lead out of {name}, as this line is not textback-queue's"
        lines = [f'<action application="set" data="textback_queue={name}"/>']
        if after:
            lines.append('<action application="set" data="textback_next=1000 XML voicemail"/>')
            says += "; let textback_next say where the call goes on that follows now"
        lines.append(f'<action application="transfer" data="textback-queue XML {CONTEXT}"/>')
        if offer == "announce":
            return failed(check, f"{says}; then reloadxml", tuple(lines), step.file, (step.written,))
        says = f"{says}: it is seen on the link only, and not while textback is not linked; then reloadxml"
        return warning(check, says, tuple(lines), step.file, (step.written,))

    def _transfer(self, step: Step, name: str, before: tuple[Step, ...]) -> Iterator[Finding]:
        """To one of our extensions."""
        check = f"{self._wanted.pbx.name}/fallback"
        if self._ours and name not in self._ours:
            near = get_close_matches(name, self._ours, 1, 0.5)
            says = f"{step.where}: the context {CONTEXT} has no extension {name}, so the call ends there"
            lines = (step.written.replace(name, near[0]),) if near else ()
            yield failed(check, f"{says}; then reloadxml", lines, step.file, (step.written,) if near else ())
            return
        if (needed := _NEEDS.get(name)) and last_set(before, needed) is None:
            value = self._likely_queue() if needed == "textback_queue" else "hours"
            line = f'<action application="set" data="{needed}={value}"/>'
            says = f"{step.where}: {name} needs {needed}, which is not set before; then reloadxml"
            yield failed(check, says, (line, step.written), step.file, (step.written,))
        elif name == "textback-ask" and last_set(before, "textback_then") is None:
            says = f"{step.where}: without textback_then the call ends behind the hook; then reloadxml"
            line = '<action application="set" data="textback_then=somewhere XML default"/>'
            yield failed(check, says, (line, step.written), step.file, (step.written,))
        elif name == "textback-queue":
            yield from self._queue(step, before)

    def _likely_queue(self) -> str:
        left = [queue.name for queue in self._wanted.offering if queue.name not in self._reached]
        return next(iter([*left, *(queue.name for queue in self._wanted.offering)]), "support@default")

    def _queue(self, step: Step, before: tuple[Step, ...]) -> Iterator[Finding]:
        """textback-queue itself: the queue must be one, and a caller whom it gives up must go on somewhere."""
        line = last_set(before, "textback_queue")
        assert line is not None
        name = line[1]
        self._reached.add(name)
        if "$" in name:
            return
        if self._known and name not in self._known:
            near = get_close_matches(name, self._known, 1, 0.5)
            says = f"{step.where}: there is no queue {name}, so callers are not put into any; then reloadxml"
            lines = (line[0].written.replace(f"={name}", f"={near[0]}"),) if near else ()
            replaces = (line[0].written,) if near else ()
            yield failed(f"{self._wanted.pbx.name}/queues", says, lines, line[0].file, replaces)
        elif last_set(before, "textback_next") is None and self._gives_up(name):
            says = f"{step.where}: {name} gives callers up, who are hung up on then, as textback_next is not set"
            more = '<action application="set" data="textback_next=1000 XML voicemail"/>'
            yield warning(f"{self._wanted.pbx.name}/fallback", says, (more, step.written), step.file, (step.written,))
        else:
            yield ok(f"{self._wanted.pbx.name}/exit", f"{step.where}: the key leads out of {name}, and back")

    def _gives_up(self, queue: str) -> bool:
        node = self._queues.get(queue)
        found = [param(node, name) for name in _GIVES_UP] if node else []
        return any(line is not None and line.get("value") not in ("", "0") for line in found)


def _filled(name: str, before: tuple[Step, ...]) -> str:
    """The queue of a line, also where it stands in textback_queue."""
    line = last_set(before, "textback_queue") if name == "${textback_queue}" else None
    return line[1] if line else name
