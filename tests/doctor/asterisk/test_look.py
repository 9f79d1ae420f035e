from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.pbx.fake_asterisk import SECRET, FakeAsterisk, error, fake_asterisk, listed, success
from tests.pbx.messages import raw
from textback.doctor.asterisk.look import Look, look
from textback.pbx.ami import AmiSettings
from textback.pbx.errors import LinkError

NOW = 1795262400.0
ACTIONS = ("Ping", "CoreSettings", "CoreShowChannels", "QueueStatus", "ShowDialPlan", "PJSIPShowEndpoints", "Command")


def allow(pbx: FakeAsterisk, *actions: str) -> None:
    listing = dict.fromkeys(actions, "does something  (Priv: <none>)")
    pbx.answers["ListCommands"] = lambda action_id: success(action_id, **listing)


def see(prepare: Callable[[FakeAsterisk], None], secret: str = SECRET, listen: float = 0.0, **more: Any) -> Look:
    async def visit() -> Look:
        async with fake_asterisk() as pbx:
            allow(pbx, *ACTIONS)
            prepare(pbx)
            settings = AmiSettings("main", "127.0.0.1", pbx.port, secret, (), username="tb")
            on_listening = more.get("on_listening", lambda _: (lambda name: None))(pbx)
            found = await look(settings, ["from-trunk"], listen, lambda: NOW, on_listening)
            heard = {one["Action"] for one in pbx.heard}
            assert heard <= {"Login", "ListCommands", "Ping", "CoreSettings", "PJSIPShowEndpoints", "QueueStatus",
                             "ShowDialPlan", "Command", "CoreShowChannels"}  # fmt: skip
            return found

    return asyncio.run(visit())


def message(*headers: tuple[str, str]) -> bytes:
    """One in which headers may come several times."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\n"


def nothing(pbx: FakeAsterisk) -> None:
    """As it comes."""


def test_the_clock_is_compared_with_the_answer_to_a_ping() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["Ping"] = lambda action_id: success(action_id, Ping="Pong", Timestamp=f"{NOW + 120.5:.6f}")

    assert see(prepare).skew == pytest.approx(120.5)
    assert see(nothing).skew is None


def test_version_queues_and_endpoints_are_asked_for() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["CoreSettings"] = lambda action_id: success(action_id, AsteriskVersion="22.10.1+dfsg")
        pbx.rows["QueueStatus"] = lambda i: [{"Event": "QueueParams", "ActionID": i, "Queue": "support"}]
        row = {"Event": "EndpointList", "ObjectName": "trunk"}
        pbx.answers["PJSIPShowEndpoints"] = lambda i: listed("EndpointList", i, [{**row, "ActionID": i}])

    found = see(prepare)
    assert (found.version, found.queues, found.endpoints) == ((22, 10), frozenset({"support"}), ["trunk"])
    assert found.banner == "11.0.0"


def test_what_the_user_may_not_ask_is_not_known() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        allow(pbx, "Ping", "QueueStatus")
        pbx.answers["CoreSettings"] = lambda action_id: error(action_id, "Permission denied")

    found = see(prepare)
    assert (found.version, found.endpoints, found.plan, found.channels, found.read) == (None,) * 5


def test_the_dialplan_is_followed_from_the_contexts_that_matter() -> None:
    steps = {
        "from-trunk": [("Goto", "house,s,1"), ("Gosub", "textback-queue,s,1(support,t)"), ("Goto", "${X},s,1")],
        "house": [("Queue", "support,t")],
    }

    def rows(name: str, action_id: str) -> bytes:
        if name not in steps:
            return error(action_id, f"Did not find context {name}")
        head = {"Event": "ListDialplan", "ActionID": action_id, "Extension": "s"}
        return listed("ShowDialPlan", action_id, [{**head, "Application": a, "AppData": d} for a, d in steps[name]])

    def prepare(pbx: FakeAsterisk) -> None:
        contexts = iter(["from-trunk", "house", "textback-queue"])
        pbx.answers["ShowDialPlan"] = lambda action_id: rows(next(contexts), action_id)

    plan = see(prepare).plan
    assert plan is not None and set(plan) == {"from-trunk", "house"}
    assert [step.app for step in plan["house"].steps] == ["Queue"]


def test_where_commands_may_be_run_the_user_is_shown() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        lines = [("Response", "Success"), ("Output", "  username: tb"), ("Output", "         read perm: system,call")]
        pbx.answers["Command"] = lambda i: message(("ActionID", i), *lines)

    assert see(prepare).read == {"system", "call"}


def test_only_who_sees_restarts_is_told_of_the_boot() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        booted = raw({"Event": "FullyBooted", "Privilege": "system,all"})
        pbx.answers["Login"] = lambda action_id: success(action_id) + booted

    assert see(prepare).booted and not see(nothing).booted


def test_who_came_while_we_listened_and_was_not_told_shows_what_is_missing() -> None:
    channel = {"Channel": "PJSIP/trunk-1", "Uniqueid": "1.1", "Linkedid": "1.1"}

    def meanwhile(pbx: FakeAsterisk) -> Callable[[str], None]:
        def comes(name: str) -> None:
            head = {"Event": "CoreShowChannel", **channel}
            pbx.rows["CoreShowChannels"] = lambda i: [{**head, "ActionID": i}]
            entry = {"Event": "QueueEntry", "Queue": "support", "Uniqueid": "1.1"}
            pbx.rows["QueueStatus"] = lambda i: [{**entry, "ActionID": i}]
            pbx.send({"Event": "Newchannel", "Privilege": "call,all", **channel})

        return comes

    found = see(nothing, listen=0.2, on_listening=meanwhile)
    assert found.missed == {"agent"} and "call" in found.heard
    assert found.presentation is False


def test_it_listens_no_longer_than_it_has_to() -> None:
    def meanwhile(pbx: FakeAsterisk) -> Callable[[str], None]:
        classes = ("system", "call", "agent", "dtmf", "dialplan")
        channel = [("Channel", "PJSIP/trunk-1"), ("Uniqueid", "1.1"), ("Linkedid", "1.1")]
        told = [("ChanVariable", "FROM_DID="), ("ChanVariable", "CALLERID(pres)=allowed")]
        events = [message(("Event", "X"), ("Privilege", f"{kind},all"), *channel, *told) for kind in classes]
        return lambda name: pbx.send(*events)

    found = see(nothing, listen=3600.0, on_listening=meanwhile)
    assert found.heard == {"system", "call", "agent", "dtmf", "dialplan"} and found.presentation is True


def test_who_is_not_let_in_is_told_so() -> None:
    with pytest.raises(LinkError) as refused:
        see(nothing, secret="wrong")
    assert refused.value.permanent
