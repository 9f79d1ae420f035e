"""Whether the queues that practices name are there, keep a caller's place, and tell of the key where they shall."""

from __future__ import annotations

from collections.abc import Iterator

from textback.dialplans.keys import prompt
from textback.dialplans.queues import seconds
from textback.dialplans.wishes import QueueWish
from textback.doctor.finding import SHELL, Finding, failed, ok, skipped
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.look import Look
from textback.doctor.freeswitch.plan import every_step
from textback.doctor.freeswitch.settings import settings_for
from textback.doctor.freeswitch.tags import Node, place_of, tag_of
from textback.doctor.freeswitch.wanted import Wanted
from textback.doctor.names import examine_name
from textback.pbx.esl_snapshot import Row

_CALLCENTER = "callcenter.conf"
#: of a queue that is loaded, what can be compared with what is written, and what holds where nothing is
_COMPARED = {"strategy": "longest-idle-agent", "time-base-score": "queue", "moh-sound": ""}


def examine_queues(wanted: Wanted, conf: Conf, look: Look | None) -> Iterator[Finding]:
    """Names first; then each queue in which callers may ask for a text."""
    written = written_queues(conf)
    fifos = _fifos(conf, look)
    loaded = {row.get("name", ""): row for row in look.queues} if look and look.queues is not None else None
    if written is None and loaded is None:
        if wanted.wishes.queues:
            yield skipped(f"{wanted.pbx.name}/queues", "which queues the PBX has is not known")
        return
    known = {*(written or ()), *(loaded or ()), *fifos}
    for queue in wanted.wishes.queues:
        check = f"{wanted.pbx.name}/queues"
        yield examine_name(check, queue, known, wanted.wishes, wanted.only_pbx)
        if queue.name not in known or not queue.rules.enabled:
            continue
        if queue.name in fifos and queue.name not in (written or {}):
            yield from _fifo(wanted, queue)
            continue
        node, row = (written or {}).get(queue.name), (loaded or {}).get(queue.name)
        yield from _place(wanted, conf, queue, node, row)
        if queue.rules.offer == "announce" and node is not None:
            yield from _announcement(wanted, conf, queue, node, look)
    yield from _not_reloaded(wanted, written or {}, loaded or {})


def written_queues(conf: Conf) -> dict[str, Node] | None:
    """The queues of callcenter.conf, the first of a name; None where it was not read."""
    callcenter = conf.configurations.get(_CALLCENTER)
    if callcenter is None:
        return None
    nodes = [node for queues in callcenter.of("queues") for node in queues.of("queue")]
    return {node.get("name"): node for node in reversed(nodes)}


def param(queue: Node, name: str) -> Node | None:
    """Of a queue's settings the first of a name counts."""
    return next(iter(queue.params(name)), None)


def _fifos(conf: Conf, look: Look | None) -> set[str]:
    """Those that are there, and those that the dialplan makes when somebody comes."""
    named = {step.data.partition(" ")[0] for step in every_step(conf.contexts) if step.application == "fifo"}
    return {*(name for name in named if "$" not in name), *(look.fifos if look else ())}


def _fifo(wanted: Wanted, queue: QueueWish) -> Iterator[Finding]:
    check = f"{wanted.pbx.name}/place"
    if queue.rules.offer == "redirect":
        says = f"{queue.name} is a fifo, which keeps nobody's place, so the offer redirect is made to nobody there"
        lines = (f'[call_to_text.queue."{queue.name}"]', 'offer = "whisper"')
        yield failed(check, says, lines, f"the practice file of {queue.practice}")
    elif queue.rules.offer == "announce":
        says = f"{queue.name} is a fifo: its announcement is fifo_announce of your dialplan, which is not looked at"
        yield skipped(f"{wanted.pbx.name}/announce", says)
    else:
        yield ok(check, f"{queue.name} is a fifo, and nobody is moved out of it")


# -- the place -------------------------------------------------------------------------------------------------------


def _place(wanted: Wanted, conf: Conf, queue: QueueWish, node: Node | None, row: Row | None) -> Iterator[Finding]:
    """Who comes back must have the place that they had: by the queue's own count, or by ours, never by both."""
    check = f"{wanted.pbx.name}/place"
    line = param(node, "time-base-score") if node else None
    written = line.get("value") if line else _COMPARED["time-base-score"]
    score = written if node else (row or {}).get("time_base_score")
    found = settings_for(conf, queue.name)
    if found is None or score is None:  # there is no dialplan of ours, which is said
        return
    ours = found.get("textback_score", "system")
    if score == ours:
        yield ok(check, f"{queue.name}: who comes back has the place that they had (time-base-score={score})")
        return
    how = "overtake others" if ours == "queue" else "are the last in the queue"
    says = f"{queue.name} has time-base-score={score}, and the dialplan textback_score={ours}: who come back {how}"
    system = ('<param name="time-base-score" value="system"/>',)
    if ours == "queue":
        lines = ('<action application="set" data="textback_score=system"/>',)
        file, replaces = found.place("textback_score")
        yield failed(check, f"{says}; then reloadxml", lines, file, replaces)
    elif line is not None and line.source:
        yield failed(check, f"{says}; then {_reload(queue.name)}", system, place_of(line), (tag_of(line),))
    else:
        yield failed(check, f"{says}; then {_reload(queue.name)}", system, _first_in(conf, queue.name))


# -- the announcement ------------------------------------------------------------------------------------------------


def _announcement(wanted: Wanted, conf: Conf, queue: QueueWish, node: Node, look: Look | None) -> Iterator[Finding]:
    check, file = f"{wanted.pbx.name}/announce", _first_in(conf, queue.name)
    said, often = param(node, "announce-sound"), param(node, "announce-frequency")
    frequency = often.get("value") if often else ""
    lines = tuple(_announced(wanted, queue))
    if said is None or not said.get("value") or not frequency.isdecimal() or int(frequency) == 0:
        says = f"{queue.name}: nobody tells callers to press {queue.rules.key}; then {_reload(queue.name)}"
        yield failed(check, says, lines, file)
        return
    sound = said.get("value")
    if "/textback/offer" in sound and f"/{prompt(queue.rules.key)}." not in sound:
        says = f"{queue.name}: {sound} tells another key than {queue.rules.key}; then {_reload(queue.name)}"
        yield failed(check, says, lines[:1], place_of(said) or file, (tag_of(said),) if said.source else ())
    elif look and look.files.get(sound) is False:
        says = f"{queue.name}: there is no {sound} on the PBX, so callers hear no announcement at all"
        yield failed(check, says, (_copy(look),), SHELL)
    else:
        yield ok(check, f"{queue.name}: callers hear {sound} every {frequency} s")


def _announced(wanted: Wanted, queue: QueueWish) -> Iterator[str]:
    practice = next((one for one in wanted.practices if one.name == queue.practice), None)
    speech = (practice.language if practice else wanted.pbx.language).partition("-")[0].partition("_")[0].lower()
    yield f'<param name="announce-sound" value="$${{sounds_dir}}/{speech}/{prompt(queue.rules.key)}.wav"/>'
    yield f'<param name="announce-frequency" value="{seconds(queue.rules)}"/>'


def _copy(look: Look) -> str:
    return f"textback dialplan show --prompts {look.variables.get('sounds_dir', '/usr/share/freeswitch/sounds')}"


# -- what is loaded --------------------------------------------------------------------------------------------------


def _not_reloaded(wanted: Wanted, written: dict[str, Node], loaded: dict[str, Row]) -> Iterator[Finding]:
    """mod_callcenter keeps what it read when it loaded a queue; of that, it tells only a part."""
    for queue in wanted.wishes.queues:
        node, row = written.get(queue.name), loaded.get(queue.name)
        if node is None or row is None:
            continue
        for name, usual in _COMPARED.items():
            line = param(node, name)
            expected, told = line.get("value") if line else usual, row.get(name.replace("-", "_"))
            if told is not None and expected and told != expected and "$" not in expected:
                says = f"{queue.name} runs with {name}={told}, and callcenter.conf.xml says {expected}: reload it"
                yield failed(f"{wanted.pbx.name}/queues", says, (f'fs_cli -x "{_reload(queue.name)}"',), SHELL)
                break


def _reload(queue: str) -> str:
    return f"callcenter_config queue reload {queue}"


def _first_in(conf: Conf, queue: str) -> str:
    return f'{conf.file_of(_CALLCENTER)}, first in <queue name="{queue}">'
