"""Hears what a FreeSWITCH call wants: the channel's data, as the reply to our ``connect``, told apart from the rest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from textback.hooks import esl_frames
from textback.hooks.desk import Caller
from textback.hooks.esl_frames import decoded
from textback.hooks.request import Refused, Request, language_of, read_arguments
from textback.numbers import dialled, is_nobody

#: the channel variable that names the hook, with its arguments as in an address: ``offer?queue=support``
HOOK = "textback_hook"
#: arguments that may be channel variables instead, each after ``textback_``
_ARGUMENTS = ("pbx", "practice", "queue", "lang", "key", "prompt", "timeout", "ask_number", "why")
_UNIQUEID = re.compile(r"[!-~]{1,150}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: characters
_LONGEST = 255
#: what FreeSWITCH writes where there is no number or name
_NOTHING = frozenset({"", "unknown", "_undef_"})


class Data:
    """What FreeSWITCH knows of a channel when the dialplan asks."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        #: FreeSWITCH has one variable for all ways to write its name, and shows the first
        self._variables = {
            name.lower(): value for name, value in reversed([*headers.items()]) if name.startswith("variable_")
        }

    def __getitem__(self, name: str) -> str:
        return decoded(self._headers.get(name, ""))

    def variable(self, name: str) -> str:
        """A channel variable, '' if it is not set; it has the same name in capitals."""
        return decoded(self._variables.get(f"variable_{name}".lower(), ""))

    def known(self, *names: str) -> str | None:
        """The first of these headers that tells anything."""
        values = (self[name][:_LONGEST] for name in names)
        return next((value for value in values if value not in _NOTHING), None)


async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, within: float) -> Data:
    """The channel's data, whole within so many seconds: FreeSWITCH waits until it is asked. Raises ``Refused``."""
    try:
        async with asyncio.timeout(within):
            writer.write(b"connect\n\n")
            frame = await esl_frames.read(reader)
    except TimeoutError:
        raise Refused("silent", f"did not say within {within:g} s who calls") from None
    except (asyncio.IncompleteReadError, ConnectionError):
        raise Refused("cut", "closed before its call was told whole") from None
    if frame.kind != esl_frames.REPLY or frame.headers.get("Event-Name") != "CHANNEL_DATA":
        raise Refused("not ESL", "sent what is no channel's data")
    data = Data(frame.headers)
    if not _UNIQUEID.fullmatch(data["Unique-ID"]):
        raise Refused("not ESL", "sent what is no channel's data: no Unique-ID in it")
    return data


def request_of(data: Data) -> Request:
    """The hook that the channel's variables ask for; its name is '' where they name none."""
    hook, _, query = data.variable(HOOK).partition("?")
    more = [f"{name}={value}" for name in _ARGUMENTS if (value := data.variable(f"textback_{name}"))]
    arguments = read_arguments(query, more)
    return Request(hook.strip("/ "), _caller(data, arguments), arguments)


def _is_withheld(data: Data) -> bool:
    if data["Caller-Privacy-Hide-Number"] == "true":
        return True
    return is_nobody(data["variable_sip_from_user"], data["variable_sip_from_host"])


def _caller(data: Data, arguments: Mapping[str, str]) -> Caller:
    # A transfer or a pick-up puts another number in place of the caller's; the one that they called with is kept.
    number = data.known("Caller-Orig-Caller-ID-Number", "Caller-Caller-ID-Number")
    return Caller(
        pbx=arguments.get("pbx") or None,
        uniqueid=data["Unique-ID"],
        channel=data["Channel-Name"][:_LONGEST],
        number=number,
        name=data.known("Caller-Orig-Caller-ID-Name", "Caller-Caller-ID-Name"),
        did=dialled(data.known("variable_sip_req_user"), data.known("Caller-Destination-Number")),
        language=data.known("variable_default_language"),
        practice=arguments.get("practice") or None,
        queue=arguments.get("queue") or None,
        lang=language_of(arguments),
        withheld=_is_withheld(data),
        tampered=bool(number and _CONTROL.search(number)),
    )
