"""Whether what runs is what stands in the files."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.finding import SHELL, Finding, failed, warning
from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.tags import Node
from textback.pbx.esl_actions import CONTEXT

_RELOAD = ("fs_cli -x reloadxml",)
_SAID = 3


def examine_loaded(pbx: str, written: Conf, told: Conf) -> Iterator[Finding]:
    """``told``: the configurations and contexts that were asked for, as FreeSWITCH would read them now."""
    check = f"{pbx}/reloadxml"
    differ = [name for name, node in told.contexts.items() if _differs(node, written.contexts.get(name))]
    differ += [name for name, node in told.configurations.items() if _differs(node, written.configurations.get(name))]
    if CONTEXT in written.contexts and CONTEXT not in told.contexts:
        differ.insert(0, CONTEXT)
    if CONTEXT in differ:
        says = f"what runs in the context {CONTEXT} is not what the files say: they were not reloaded since"
        yield failed(check, says, _RELOAD, SHELL)
    elif differ:
        shown = ", ".join(differ[:_SAID]) + (" …" if differ[_SAID:] else "")
        says = f"what runs is not what the files say about {shown}: they were not reloaded since"
        yield warning(check, says, _RELOAD, SHELL)


def together(written: Conf | None, told: Conf | None) -> Conf:
    """What stands in the files, with its lines, where that is what runs; else what runs."""
    if told is None or written is None:
        return written or told or Conf()
    both = Conf(written.folder, again=written.again, faults=written.faults, odd=written.odd,
                unread=written.unread, variables=written.variables)  # fmt: skip
    for kind in ("configurations", "contexts"):
        there, shown = getattr(written, kind), getattr(told, kind)
        getattr(both, kind).update(there)
        runs = {name: node for name, node in shown.items() if _differs(node, there.get(name), or_missing=True)}
        getattr(both, kind).update(runs)
    return both


def _differs(told: Node, written: Node | None, or_missing: bool = False) -> bool:
    """What nobody wrote in the folder comes from elsewhere: from a database, say."""
    if written is None:
        return or_missing
    return not _is_same(told, written)


def _is_same(told: Node, written: Node) -> bool:
    if told.tag != written.tag or len(told.children) != len(written.children):
        return False
    if any(told.get(name) != value for name, value in written.attributes.items() if "$${" not in value):
        return False
    return all(_is_same(one, other) for one, other in zip(told.children, written.children, strict=True))
