from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from tests.pbx.fake_asterisk import SECRET, FakeAsterisk, error, fake_asterisk, listed, success
from textback.doctor.asterisk.suggest import suggest
from textback.doctor.suggestions import Suggestions
from textback.pbx.ami import AmiSettings

from ..house import House

ACTIONS = ("Ping", "CoreSettings", "QueueStatus", "ShowDialPlan", "PJSIPShowEndpoints")
DIALPLAN = {
    "from-trunk": [{"IncludeContext": "more"}, {"Extension": "12025550110"}, {"Extension": "_X."}],
    "more": [{"Extension": "2025550111"}, {"Extension": "12"}],
}


def prepare(pbx: FakeAsterisk, asked: Iterable[str]) -> None:
    """An Asterisk with a trunk, two phones, two queues and two dialled numbers; it is asked for these contexts."""
    contexts = iter(asked)

    def shows(action_id: str) -> bytes:
        name = next(contexts)
        if name not in DIALPLAN:
            return error(action_id, f"Did not find context {name}")
        head = {"Event": "ListDialplan", "ActionID": action_id, "Priority": "1", "Application": "NoOp"}
        return listed("ShowDialPlan", action_id, [head | row for row in DIALPLAN[name]])

    pbx.answers["ListCommands"] = lambda i: success(i, **dict.fromkeys(ACTIONS, "(Priv: <none>)"))
    pbx.answers["ShowDialPlan"] = shows
    row = {"Event": "EndpointList"}
    names = ("201", "202", "my-trunk")
    pbx.answers["PJSIPShowEndpoints"] = lambda i: listed(
        "EndpointList", i, [{**row, "ActionID": i, "ObjectName": name} for name in names]
    )
    queues = ("support", "sales", "default")
    pbx.rows["QueueStatus"] = lambda i: [{"Event": "QueueParams", "ActionID": i, "Queue": name} for name in queues]


def found(folder: Path | None, asked: Iterable[str]) -> Suggestions:
    async def ask() -> Suggestions:
        async with fake_asterisk() as pbx:
            prepare(pbx, asked)
            return await suggest(AmiSettings("", "127.0.0.1", pbx.port, SECRET, (), username="tb"), folder)

    return asyncio.run(ask())


def test_trunks_queues_contexts_and_dialled_numbers_are_found() -> None:
    usual = ("from-trunk", "from-pstn", "from-did-direct", "from-external", "inbound", "incoming", "public", "more")
    assert found(None, usual) == Suggestions(
        ("PJSIP/my-trunk-*",), ("from-trunk",), ("sales", "support"), ("12025550110", "2025550111")
    )


def test_files_tell_where_calls_of_a_trunk_arrive(home: House) -> None:
    home.write("pjsip.conf", "[my-trunk]\ntype = endpoint\ncontext = more\n[x]\ntype = identify\nendpoint = my-trunk\n")
    suggestions = found(home.folder / "etc", ("more", "from-trunk", *[""] * 6))
    assert (suggestions.contexts, suggestions.dids) == (("more",), ("2025550111",))
