"""The offer: a prompt, a key, and a text, to another number where the caller's own will not do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from textback.hooks.asking import BAD_NUMBER, DeskFault, PatientDesk
from textback.hooks.desk import Answer, Caller
from textback.hooks.phone import HungUp, NoPrompt, Phone
from textback.hooks.request import Request, Variables, language_of, told

#: sound files, below Asterisk's own folder for each language
OFFER, CONFIRMED, STAY, GOODBYE = "textback/offer", "textback/confirmed", "textback/stay", "textback/goodbye"
ENTER_NUMBER, BAD_NUMBER_PROMPT = "textback/enter-number", "textback/bad-number"
YOU_ENTERED, CONFIRM_NUMBER = "textback/you-entered", "textback/confirm-number"
CANNOT_TEXT = "textback/cannot-text"
REFUSALS = {"landline": "textback/landline", "withheld_number": "textback/withheld"}

#: the reasons that another number would do away with
OF_THE_NUMBER = frozenset({"withheld_number", BAD_NUMBER, "country", "landline"})
TRIES = 3
#: seconds; more than a caller would wait for nothing
LONGEST_TIMEOUT = 60.0
#: seconds between two digits, and until the caller says whether the number is right
DIGIT_WAIT, CONFIRM_WAIT = 6.0, 6.0
#: what CONFIRM_NUMBER asks for
RIGHT, WRONG = "1", "2"
#: digits that a number may have: 15 (ITU-T E.164), and 011 before them
LONGEST = 18

_NUMBER = re.compile(rf"[0-9]{{7,{LONGEST}}}")
_KEY = re.compile(r"[0-9*#A-D]")
_SECONDS = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)s?")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the dialplan wants of an offer; ``timeout`` in seconds after the prompt."""

    key: str = "5"
    prompt: str = OFFER
    timeout: float = 5.0
    ask_number: str = "never"


def read_wishes(arguments: Mapping[str, str], key: str | None) -> Wishes:
    """The wishes among the arguments; ``key`` is the practice's. What cannot be read is as if it were not there."""
    usual = Wishes()
    wanted, asks = arguments.get("key", ""), arguments.get("ask_number", "")
    seconds = _SECONDS.fullmatch(arguments.get("timeout", ""))
    return Wishes(
        key=wanted if _KEY.fullmatch(wanted) else key or usual.key,
        prompt=arguments.get("prompt") or usual.prompt,
        timeout=min(LONGEST_TIMEOUT, float(seconds[1])) if seconds else usual.timeout,
        ask_number=asks if asks in ("if-needed", "always") else usual.ask_number,
    )


async def offer(desk: PatientDesk, request: Request, phone: Phone) -> Variables:
    """TEXTBACK_RESULT, TEXTBACK_REASON, TEXTBACK_AFTER; who can't be texted anyway is offered nothing.

    The result ``declined`` has the reason ``no_key``, ``no_number`` or ``hung_up``.
    """
    await phone.set("TEXTBACK_RESULT", "error")  # what is left if we are killed while the prompt plays
    first = await desk.may_offer(request.caller)
    wishes = read_wishes(request.arguments, first.key)
    another_would_do = first.reason in OF_THE_NUMBER and wishes.ask_number != "never"
    if not first.offer and (request.caller.tampered or not another_would_do):
        return told("refused", first.reason)
    return await Offering(desk, request.caller, phone, wishes, first.offer).run(language_of(request.arguments))


class Offering:
    """One offer on its way; ``own_will_do``: as far as is known, the caller's own number can be texted."""

    def __init__(
        self, desk: PatientDesk, caller: Caller, phone: Phone, wishes: Wishes, own_will_do: bool
    ) -> None:
        self._desk = desk
        self._caller = caller
        self._phone = phone
        self._wishes = wishes
        self._own_will_do = own_will_do

    async def run(self, language: str | None) -> Variables:
        """In ``language``; the channel has its own again afterwards."""
        spoken = self._caller.language
        changes = language is not None and language != spoken
        if language and changes:
            await self._phone.speak(language)
        variables = await self._by_voice()
        if spoken and changes:
            with suppress(HungUp):
                await self._phone.speak(spoken)
        return variables

    async def _by_voice(self) -> Variables:
        try:
            await self._phone.answer()
            pressed = await self._phone.key(self._wishes.prompt, self._wishes.key, self._wishes.timeout)
            if pressed is None:
                return told("declined", "no_key")
            answer = await self._text()
        except HungUp as gone:
            if not gone.connected:
                raise
            return told("declined", "hung_up")
        except NoPrompt:
            return told("error", "no_prompt")
        if answer is None:
            return told("declined", "no_number")
        return await self._confirmed() if answer.result == "texted" else await self._sorry(answer)

    async def _text(self) -> Answer | None:
        """What became of the request, None if the caller was asked for a number and gave none."""
        asks = self._wishes.ask_number
        if self._own_will_do and asks != "always":
            answer = await self._request(None)
            if asks == "never" or answer.reason not in OF_THE_NUMBER:
                return answer
        return await self._text_another()

    async def _text_another(self) -> Answer | None:
        answer = None
        for _ in range(TRIES):
            number = await self._keyed_in()
            if number is None:
                continue
            answer = await self._request(number)
            if answer.reason not in OF_THE_NUMBER:
                break
            await self._say(REFUSALS["landline"] if answer.reason == "landline" else BAD_NUMBER_PROMPT)
        return answer

    async def _keyed_in(self) -> str | None:
        """A number that the caller keyed in, heard, and confirmed."""
        digits = await self._phone.digits(ENTER_NUMBER, DIGIT_WAIT, LONGEST)
        if not digits:
            return None
        if not _NUMBER.fullmatch(digits):
            await self._say(BAD_NUMBER_PROMPT)
            return None
        await self._say(YOU_ENTERED)
        await self._phone.say_digits(digits)
        pressed = await self._phone.key(CONFIRM_NUMBER, RIGHT + WRONG, CONFIRM_WAIT)
        return digits if pressed == RIGHT else None

    async def _request(self, number: str | None) -> Answer:
        try:
            return await self._desk.call_to_text(self._caller, number)
        except DeskFault as fault:
            return Answer("error", fault.reason)

    async def _confirmed(self) -> Variables:
        """The text is on its way: that is noted first, whatever happens on the line from here on."""
        after = await self._desk.after_text(self._caller)
        await self._phone.set_all(told("texted", "", after))
        with suppress(HungUp):
            await self._say(CONFIRMED)
            await self._say(GOODBYE if after == "hangup" else STAY)
        return {}

    async def _sorry(self, answer: Answer) -> Variables:
        with suppress(HungUp):
            await self._say(REFUSALS.get(answer.reason, CANNOT_TEXT))
            await self._say(STAY)
        return told(answer.result, answer.reason)

    async def _say(self, prompt: str) -> None:
        """Play it, or go on without."""
        with suppress(NoPrompt):
            await self._phone.play(prompt)
