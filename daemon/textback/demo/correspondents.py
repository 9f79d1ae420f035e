"""Those of the demo's callers who answer a text, what they say, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from textback.clock import Clock
from textback.model import Status
from textback.sms import Delivery, Inbound, Outgoing

#: Seconds until a text is delivered, and until somebody has read it and written back.
DELIVERED, ANSWERED = 2.0, 6.0

#: What they write back, by the last digits of their number: one text for each of ours, as long as they have some.
REPLIES = {
    "0117": ("Yes please: can I move Friday to next week?", "12 March 1986. Tuesday would be perfect.", "Thank you!"),
    "0163": ("Do you take new patients?", "Great, I'll call tomorrow morning."),
    "0135": ("Hola, ¿hablan español?", "Sí, muchas gracias."),
    "0193": ("I need a refill of my prescription", "The one on Main Street", "Thanks, that was quick 🙂"),
    "0109": ("Stop",),
}


@dataclass
class Correspondents:
    """Read what is sent to them, and write back. Times are those of ``clock``."""

    clock: Clock
    _sent: dict[str, tuple[float, Outgoing]] = field(default_factory=dict)
    _written: list[tuple[float, Inbound]] = field(default_factory=list)

    def read(self, message: Outgoing, provider_id: str) -> None:
        """A text of ours has left."""
        now = self.clock()
        self._sent[provider_id] = (now, message)
        words = REPLIES.get(message.to[-4:], ())
        said = sum(inbound.sender == message.to for _, inbound in self._written)
        if said < len(words):
            name = f"demo-{len(self._written)}-{provider_id}"
            answer = Inbound(name, message.to, message.sender, words[said], at=now + ANSWERED)
            self._written.append((now + ANSWERED, answer))

    def received(self, line: str) -> list[Inbound]:
        """What they have written to a line by now."""
        now = self.clock()
        return [inbound for at, inbound in self._written if at <= now and inbound.line == line]

    def deliveries(self, line: str) -> list[Delivery]:
        """What has reached them by now."""
        now = self.clock()
        return [
            Delivery(provider_id, Status.DELIVERED)
            for provider_id, (at, message) in self._sent.items()
            if message.sender == line and at + DELIVERED <= now
        ]
