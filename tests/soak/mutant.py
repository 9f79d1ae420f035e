"""A daemon that does what none must: it forgets calls, sends texts twice, and texts those who were answered."""

from __future__ import annotations

import itertools
from typing import Any

from textback import call
from textback.__main__ import main
from textback.call import Phase
from textback.model import Disposition
from textback.pbx.callers import Callers
from textback.sms.twilio import Twilio

_arrivals, _texts = itertools.count(1), itertools.count(1)


def mutate() -> None:
    """Every ninth call is forgotten, every fifth text leaves twice, and who talked is taken for one who gave up."""
    arrived, send = Callers.arrived, Twilio.send

    def forgetful(callers: Callers, *given: Any) -> None:
        if next(_arrivals) % 9:
            arrived(callers, *given)

    async def twice(provider: Twilio, message: Any) -> Any:
        if next(_texts) % 5 == 0:
            await send(provider, message)
        return await send(provider, message)

    Callers.arrived = forgetful  # type: ignore[method-assign,assignment]
    Twilio.send = twice  # type: ignore[method-assign,assignment]
    call._LEFT_IN[Phase.TALKING] = Disposition.ABANDONED


if __name__ == "__main__":
    mutate()
    main()
