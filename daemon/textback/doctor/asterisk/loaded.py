"""Whether the dialplan that runs is the one that stands in the files."""

from __future__ import annotations

from collections.abc import Iterator

from textback.doctor.asterisk.plan import Context, Plan
from textback.doctor.finding import SHELL, Finding, failed, warning
from textback.pbx.dialplan import OURS

RELOAD = 'asterisk -rx "dialplan reload"'


def is_ours(context: str) -> bool:
    """Whether textback's own dialplan has it."""
    return context.startswith(OURS)


def examine_loaded(pbx: str, written: Plan, shown: Plan) -> Iterator[Finding]:
    """``shown``: the contexts that were asked for, as they run."""
    check = f"{pbx}/dialplan"
    missing = [name for name in written if is_ours(name) and name not in shown]
    differ = [name for name in written if name in shown and _steps(written[name]) != _steps(shown[name])]
    ours = missing[:3] if missing and not any(map(is_ours, shown)) else [name for name in differ if is_ours(name)]
    if ours:
        says = f"what runs in [{'], ['.join(ours)}] is not what the files say"
        yield failed(check, f"{says}: it was not reloaded since", (RELOAD,), SHELL)
    for name in differ:
        if not is_ours(name):
            says = f"what runs in [{name}] is not what the files say: it was not reloaded since, or has lines twice"
            yield warning(check, says, (RELOAD,), SHELL)


def _steps(context: Context) -> set[tuple[str, str, str]]:
    return {(step.exten, step.app.lower(), step.data) for step in context.steps}
