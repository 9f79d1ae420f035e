"""What an Asterisk can do for callers who wait: whisper to them, or move them to a prompt of its dialplan."""

from __future__ import annotations

from textback.orders import Order
from textback.pbx import spoken
from textback.pbx.ami_actions import Actions
from textback.pbx.ami_callers import AmiCallers
from textback.pbx.ami_moves import Moves
from textback.pbx.ami_whispers import Whispers
from textback.pbx.offers import Offers
from textback.pbx.patience import Patience
from textback.pbx.waiting import Waiting
from textback.pbx.watch import Watch


def offers_of(actions: Actions, callers: AmiCallers, patience: Patience = Patience()) -> Offers:
    """Carries out orders for the callers of an Asterisk, from now on."""
    watch = Watch()
    return Offers(AmiCrew(actions, callers, watch, patience), callers, watch, actions.once, actions.look, patience)


class AmiCrew:
    """Puts orders into the words of Asterisk and of our dialplan there."""

    def __init__(self, actions: Actions, callers: AmiCallers, watch: Watch, patience: Patience) -> None:
        self._whispers = Whispers(actions, callers, watch, patience)
        self._moves = Moves(actions, watch, patience)

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
    return spoken.variables(order, caller) | ({"CHANNEL(language)": language} if language else {})
