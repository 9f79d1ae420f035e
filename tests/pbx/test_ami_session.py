"""One session with a scripted PBX: what is asked is answered, or fails; what panoramisk does wrong stays outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from tests.pbx.fake_asterisk import SECRET, FakeAsterisk, error, fake_asterisk, listed, success, until
from tests.pbx.messages import CALLER, OTHER, channel, queue_entry, raw, show_channel
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.ami_session import Session
from textback.pbx.errors import LinkError
from textback.pbx.patience import Patience

#: seconds for what must not come; what must come has the usual ones
SHORT = 0.05


class Talk:
    """A session, its reader, and what came."""

    def __init__(self, pbx: FakeAsterisk, session: Session, read: list[bytes]) -> None:
        self.pbx = pbx
        self.session = session
        self.read = read


def talk(story: Callable[[Talk], Awaitable[None]], patience: Patience = Patience()) -> None:
    """Let ``story`` happen on a session that is connected, but not logged in."""

    async def run() -> None:
        async with fake_asterisk() as pbx:
            reader = Reader(Translator("main", []), lambda fact: None)
            read: list[bytes] = []

            def feed(session: Session, data: bytes) -> None:
                read.append(data)
                reader.on_answer = session.answer
                reader.feed(data, 0.0)

            session = await Session.connect("127.0.0.1", pbx.port, feed, patience=patience)
            try:
                await story(Talk(pbx, session, read))
            finally:
                session.close()

    asyncio.run(run())


def refused(story: Callable[[Talk], Awaitable[object]], patience: Patience = Patience()) -> LinkError:
    """The error that the story ends with."""
    errors: list[LinkError] = []

    async def run(t: Talk) -> None:
        with pytest.raises(LinkError) as caught:
            await story(t)
        errors.append(caught.value)

    talk(run, patience)
    return errors[0]


# -- login -----------------------------------------------------------------------------------------------------


def test_a_login_asks_for_the_classes_that_are_needed_and_no_more() -> None:
    async def story(t: Talk) -> None:
        await t.session.login("textback", SECRET)
        (login,) = t.pbx.heard
        assert login["Events"] == "system,call,agent,dtmf,dialplan"

    talk(story)


def test_a_wrong_secret_is_said_plainly_and_is_nowhere_in_what_is_said() -> None:
    problem = refused(lambda t: t.session.login("textback", "wrong-secret"))
    assert problem.permanent and "'textback'" in str(problem) and "Authentication failed" in str(problem)
    assert "wrong-secret" not in str(problem)


def test_a_refused_connection_is_a_link_error() -> None:
    async def run() -> None:
        async with fake_asterisk() as pbx:
            port = pbx.port
        with pytest.raises(LinkError, match=f"^cannot connect to 127.0.0.1:{port}: connection refused$") as caught:
            await Session.connect("127.0.0.1", port, lambda session, data: None)
        assert not caught.value.permanent

    asyncio.run(run())


# -- panoramisk's faults, by number ---------------------------------------------------


def test_1_a_bad_password_makes_no_second_login() -> None:
    async def story(t: Talk) -> None:
        with pytest.raises(LinkError):
            await t.session.login("textback", "wrong")
        t.pbx.drop()
        await t.session.closed()
        await until(lambda: t.pbx.open == 0)
        assert t.pbx.connections == 1 and t.pbx.actions() == ["Login"]

    talk(story)


def test_2_close_really_ends() -> None:
    async def story(t: Talk) -> None:
        await t.session.login("textback", SECRET)
        t.session.close()
        await t.session.closed()
        await until(lambda: t.pbx.open == 0)
        loop = asyncio.get_running_loop()
        assert not [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert t.pbx.connections == 1

    talk(story)


def test_3_a_ping_that_nobody_answers_is_noticed() -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["Ping"] = lambda action_id: None
        await t.session.ask({"Action": "Ping"}, SHORT)

    assert "Ping: no answer" in str(refused(story))


def test_4_an_exception_in_our_handling_does_not_end_the_session(caplog: pytest.LogCaptureFixture) -> None:
    async def story(t: Talk) -> None:
        def broken(block: bytes) -> None:
            raise RuntimeError("a fault of ours")

        t.session.answer = broken  # type: ignore[method-assign]
        t.pbx.send({"Response": "Success", "ActionID": "x1"})
        await until(lambda: b"x1" in b"".join(t.read))
        del t.session.answer
        assert await t.session.ask({"Action": "Ping"}) == {"Response": "Success"}

    with caplog.at_level(logging.ERROR):
        talk(story)
    assert "could not be taken" in caplog.text and "Fatal error" not in caplog.text


def test_5_the_bytes_are_handed_over_in_their_order_with_no_task_for_each() -> None:
    async def story(t: Talk) -> None:
        before = len(asyncio.all_tasks())
        sent = [b"Event: Newstate\r\nPrivilege: call,all\r\nNumber: %d\r\n\r\n" % number for number in range(500)]
        t.pbx.send(*sent)
        await until(lambda: b"Number: 499" in b"".join(t.read))
        assert b"".join(t.read).endswith(b"".join(sent))
        assert len(asyncio.all_tasks()) == before

    talk(story)


@pytest.mark.parametrize("answer", [None, b"Response: Success\r\nEventList: start\r\n\r\n", b"half a mess"])
def test_6_no_action_waits_for_ever(answer: bytes | None) -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["QueueStatus"] = lambda action_id: answer
        await t.session.ask_list({"Action": "QueueStatus"})

    assert "QueueStatus: no answer" in str(refused(story, Patience(answer=SHORT)))


def test_6_a_list_that_a_disconnect_cuts_fails_at_once() -> None:
    async def story(t: Talk) -> None:
        def cut(action_id: str) -> bytes:
            asyncio.get_running_loop().call_soon(t.pbx.drop)
            return listed("CoreShowChannels", action_id, [show_channel(action_id, channel())])[:-40]

        t.pbx.answers["CoreShowChannels"] = cut
        await t.session.ask_list({"Action": "CoreShowChannels"})

    assert str(refused(story)) == "the PBX closed the link"


def test_6_an_answer_that_comes_too_late_is_nobodys() -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["Ping"] = lambda action_id: None
        with pytest.raises(LinkError):
            await t.session.ask({"Action": "Ping"}, SHORT)
        del t.pbx.answers["Ping"]
        t.pbx.send(success(t.pbx.actions("Ping")[0], Message="late"))
        assert await t.session.ask({"Action": "Ping"}) == {"Response": "Success"}

    talk(story)


def test_7_no_action_is_kept_to_be_sent_again() -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["Redirect"] = lambda action_id: asyncio.get_running_loop().call_soon(t.pbx.drop) and None
        with pytest.raises(LinkError):
            await t.session.ask({"Action": "Redirect", "Channel": "PJSIP/trunk-1"})
        assert not t.session._manager.awaiting_actions and not t.session._manager.responses
        assert t.pbx.actions() == ["Redirect"]

    talk(story)


def test_8_a_character_that_two_reads_share_survives() -> None:
    name = "Zoë ☎ Łukasz"

    async def story(t: Talk) -> None:
        answer = listed("CoreShowChannels", "ID", [show_channel("ID", channel(CallerIDName=name))])

        async def drip(action_id: str) -> None:
            for byte in answer.replace(b"ID\r", action_id.encode() + b"\r"):
                seen = sum(map(len, t.read))
                t.pbx.send(bytes([byte]))
                await until(lambda: sum(map(len, t.read)) > seen)

        tasks: list[asyncio.Task[None]] = []
        t.pbx.answers["CoreShowChannels"] = lambda action_id: tasks.append(asyncio.create_task(drip(action_id)))
        (row,) = await t.session.ask_list({"Action": "CoreShowChannels"})
        assert row["CallerIDName"] == name
        await tasks[0]

    talk(story)


def test_9_headers_without_a_value_or_a_blank_survive() -> None:
    async def story(t: Talk) -> None:
        def rows(action_id: str) -> bytes:
            row = raw(show_channel(action_id, channel(CallerIDName="", AccountCode="7")))
            row = row.replace(b"CallerIDName: ", b"CallerIDName:").replace(b"AccountCode: 7", b"AccountCode:7")
            return listed("CoreShowChannels", action_id, []).replace(b"Event: ", row + b"Event: ", 1)

        t.pbx.answers["CoreShowChannels"] = rows
        (row,) = await t.session.ask_list({"Action": "CoreShowChannels"})
        assert (row["CallerIDName"], row["AccountCode"], row["BridgeId"]) == ("", "7", "")

    talk(story)


@pytest.mark.parametrize("value", ["x\r\nApplication: System", "x\n", "\rx"])
def test_10_a_line_end_in_a_value_is_refused_and_nothing_is_sent(value: str) -> None:
    async def story(t: Talk) -> None:
        for action in ({"Action": "Originate", "CallerID": value}, {"Action": "Originate", value: "1"}):
            with pytest.raises(LinkError, match="line end"):
                await t.session.ask(action)
        await t.session.ask({"Action": "Ping"})
        assert t.pbx.actions() == ["Ping"]

    talk(story)


@pytest.mark.parametrize("by_us", [True, False])
def test_11_sending_after_the_end_is_a_link_error(by_us: bool) -> None:
    async def story(t: Talk) -> None:
        t.session.close() if by_us else t.pbx.drop()
        with pytest.raises(LinkError):
            await t.session.ask({"Action": "Ping"})
        await t.session.closed()
        with pytest.raises(LinkError, match="the link is down"):
            await t.session.ask_list({"Action": "Status"})

    talk(story)


def test_12_half_a_message_does_not_reach_the_next_session() -> None:
    async def story(t: Talk) -> None:
        await until(lambda: t.read)
        t.pbx.send(b"Event: Hangup\r\nUniq")
        await until(lambda: t.read[-1].endswith(b"Uniq"))
        t.pbx.drop()
        await t.session.closed()
        other: list[bytes] = []
        again = await Session.connect("127.0.0.1", t.pbx.port, lambda session, data: other.append(data))
        await until(lambda: other)
        assert b"".join(other) == t.pbx.banner
        again.close()

    talk(story)


def test_13_a_list_is_all_of_its_items_and_nobody_elses() -> None:
    async def story(t: Talk) -> None:
        def rows(action_id: str) -> bytes:
            alien = raw(show_channel("0" * 32, channel(OTHER)))
            return alien + listed("CoreShowChannels", action_id, [show_channel(action_id, channel())] * 3) + alien

        t.pbx.answers["CoreShowChannels"] = rows
        items = await t.session.ask_list({"Action": "CoreShowChannels"})
        assert [item["Uniqueid"] for item in items] == [CALLER] * 3

    talk(story)


# -- what else a PBX may answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "permanent"),
    [("Permission denied", True), ("Invalid/unknown command: QueueStatus.", False), ("No such queue", False)],
)
def test_a_list_that_is_refused_says_so(message: str, permanent: bool) -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["QueueStatus"] = lambda action_id: error(action_id, message)
        await t.session.ask_list({"Action": "QueueStatus"})

    problem = refused(story)
    assert str(problem) == f"QueueStatus: {message}" and problem.permanent is permanent


def test_the_error_of_an_action_is_its_answer() -> None:
    async def story(t: Talk) -> None:
        t.pbx.answers["Redirect"] = lambda action_id: error(action_id, "Channel does not exist: x")
        answer = await t.session.ask({"Action": "Redirect", "Channel": "x"})
        assert answer == {"Response": "Error", "Message": "Channel does not exist: x"}

    talk(story)


def test_answers_find_their_actions_in_any_order() -> None:
    async def story(t: Talk) -> None:
        waiting: dict[str, str] = {}

        def answer(name: str) -> Callable[[str], None]:
            return lambda action_id: waiting.update({name: action_id})

        t.pbx.answers |= {"Ping": answer("Ping"), "Getvar": answer("Getvar")}
        ping = asyncio.create_task(t.session.ask({"Action": "Ping"}))
        getvar = asyncio.create_task(t.session.ask({"Action": "Getvar", "Variable": "X"}))
        await until(lambda: len(waiting) == 2)
        t.pbx.send(success(waiting["Getvar"], Message="getvar"), success(waiting["Ping"], Message="ping"))
        assert [(await ping)["Message"], (await getvar)["Message"]] == ["ping", "getvar"]

    talk(story)


def test_an_item_that_is_forged_by_a_number_is_none() -> None:
    """The ActionID of the true rest would make it one."""

    async def story(t: Talk) -> None:
        number = f"\r\n\r\nEvent: QueueEntry\r\nUniqueid: {OTHER}\r\nQueue: sales"
        t.pbx.rows["QueueStatus"] = lambda action_id: [queue_entry(action_id, number=number), queue_entry(action_id)]
        items = await t.session.ask_list({"Action": "QueueStatus"})
        assert [(item["Event"], item["Uniqueid"]) for item in items] == [("QueueEntry", CALLER)]

    talk(story)


def test_an_answer_that_is_forged_by_a_number_has_no_action() -> None:
    async def story(t: Talk) -> None:
        forged = "1\r\n\r\nResponse: Error\r\nActionID: 1"
        poisoned = raw({"Event": "Newstate", "Privilege": "call,all", "CallerIDNum": forged})
        t.pbx.answers["Ping"] = lambda action_id: poisoned + success(action_id)
        assert await t.session.ask({"Action": "Ping"}) == {"Response": "Success"}

    talk(story)


def test_an_action_id_cannot_be_guessed() -> None:
    async def story(t: Talk) -> None:
        for _ in range(3):
            await t.session.ask({"Action": "Ping"})
        assert len({action_id for action_id in t.pbx.actions("Ping") if len(action_id) == 32}) == 3

    talk(story)
