"""What a FreeSWITCH can do for callers who wait: whisper to them, or move them to a prompt of its dialplan."""

from __future__ import annotations

from textback.orders import Order
from textback.pbx import dialplan, spoken
from textback.pbx.esl_actions import Actions
from textback.pbx.esl_callers import EslCallers
from textback.pbx.esl_moves import Moves
from textback.pbx.esl_session import Session
from textback.pbx.esl_whispers import Whispers
from textback.pbx.offers import Offers
from textback.pbx.once import Once
from textback.pbx.patience import Patience
from textback.pbx.waiting import Waiting
from textback.pbx.watch import Watch


def offers_of(
    session: Session, callers: EslCallers, once: Once, language: str, patience: Patience = Patience()
) -> Offers:
    """Carries out orders for the callers of a FreeSWITCH, from now on; ``language``: of its prompts, by default."""
    watch, actions = Watch(), Actions(session, once)
    crew = EslCrew(actions, watch, language, patience)
    return Offers(crew, callers, watch, once, crew.look, patience)


class EslCrew:
    """Puts orders into the words of FreeSWITCH and of our dialplan there."""

    def __init__(self, actions: Actions, watch: Watch, language: str, patience: Patience) -> None:
        self._actions = actions
        self._whispers = Whispers(actions, watch, language, patience)
        self._moves = Moves(actions, watch, patience)

    async def look(self) -> None:
        """See which of our prompts the dialplan has; who has no use for them need not include them."""
        missing = [name for name in (dialplan.OFFER, dialplan.CONFIRM) if await self._actions.has(name) is False]
        if missing:
            self._actions.once.note(
                "extensions", f"without {', '.join(missing)} in the dialplan nobody is moved to a prompt"
            )

    async def whisper(self, order: Order, caller: Waiting) -> bool:
        """Play what is ordered where the caller waits; False if it could not begin."""
        return await self._whispers.play(caller, spoken.sounds(order), spoken.language(order))

    async def move_in_quiet(self, order: Order, caller: Waiting) -> None:
        """Move the caller to the prompt when no agent's phone rings for them, and see that they keep their place."""
        await self._moves.move_in_quiet(caller, spoken.prompt_of(order), _variables(order, caller))

    async def move(self, order: Order, caller: Waiting) -> None:
        """Move the caller to the prompt at once."""
        await self._moves.move(caller, spoken.prompt_of(order), _variables(order, caller))


def _variables(order: Order, caller: Waiting) -> dict[str, str]:
    language = spoken.language(order)
    return spoken.variables(order, caller) | ({"default_language": language} if language else {})
