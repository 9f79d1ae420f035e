"""The provider for those who have none yet: it prints each text on one line."""

from __future__ import annotations

from collections.abc import Callable, Collection

from textback.model import LineType, Status
from textback.sms import Accepted, Content, Delivery, Fault, Inbound, Outgoing, SendError


def _print(line: str) -> None:
    print(line, flush=True)


def _one_line(text: str) -> str:
    # A body may hold what a caller chose to be called; a terminal must not obey it.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Console:
    """Prints texts; remembers nothing, so what was in hand when the daemon died cannot be found again."""

    name = "console"

    def __init__(self, show: Callable[[str], None] = _print) -> None:
        self._show = show

    async def send(self, message: Outgoing) -> Accepted:
        """Print the text; an output that is gone is our fault and keeps the text queued."""
        try:
            self._show(_one_line(f"text to {message.to} from {message.sender}: {message.body}"))
        except (OSError, ValueError) as error:
            raise SendError(f"cannot print: {type(error).__name__}", Fault.OURS) from None
        return Accepted(f"console-{message.id}", Status.SENT)

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        """Nothing printed can be looked up."""
        return None

    async def received(self, line: str, since: float) -> list[Inbound]:
        """Nobody answers a console."""
        return []

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        """What is printed is printed."""
        return []

    async def line_type(self, number: str) -> LineType | None:
        """It knows nobody."""
        return None

    async def fetch(self, url: str) -> Content:
        """Nothing comes in, so no pictures do; raises SendError."""
        raise SendError("a console has no pictures", Fault.PERMANENT)

    async def close(self) -> None:
        """Nothing to let go."""
