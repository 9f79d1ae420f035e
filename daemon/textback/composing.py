"""What a person wrote, with its placeholders filled, if it can be sent like that."""

from __future__ import annotations

import re

from textback import template
from textback.directory import Home
from textback.store.calls import Wait
from textback.store.release import Refused

#: Characters; Twilio takes no more (https://www.twilio.com/docs/api/errors/21617).
LONGEST = 1600
#: Control characters, and halves of characters, which no database and no phone takes.
NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Unclear(Refused):
    """The same, where what was asked for cannot be done as it was put: another number, line or wording can."""


def values_of(
    home: Home, staff: str, first_name: str | None, wait: Wait | None, language: str | None = None
) -> dict[str, str]:
    """What the placeholders of a reply stand for; ``first_name``: of a verified contact, else None.

    ``wait``: of the latest call, if there was one; ``language``: of the reply, if it is not the practice's.
    """
    return {
        "practice": home[0].name,
        "line": home[1].name,
        "url": home[0].url,
        "queue": wait.queue or "" if wait else "",
        "wait": template.wait_words(wait.seconds, language or home[0].language) if wait else "",
        "first_name": first_name or "",
        "staff": staff,
    }


def composed(home: Home, body: str, staff: str, first_name: str | None, wait: Wait | None) -> str:
    """The text as it leaves; raises ``Unclear`` with everything that is wrong with it."""
    values = values_of(home, staff, first_name, wait)
    wrong = template.mistakes(body, None, values, extra=("staff",))
    wrong += [f"{{{name}}}, which says nothing here" for name in ("queue", "wait", "url") if _lacks(body, name, values)]
    if wrong:
        raise Unclear(f"the text has {'; '.join(wrong)}")
    said = template.render(body, values).strip()
    if not said:
        raise Unclear("the text is empty")
    if NOT_TEXT.search(said):
        raise Unclear("the text has characters that cannot be texted")
    if len(said) > LONGEST:
        raise Unclear(f"the text has {len(said)} characters, expected at most {LONGEST}")
    return said


def _lacks(body: str, name: str, values: dict[str, str]) -> bool:
    return f"{{{name}}}" in body and not values.get(name)
