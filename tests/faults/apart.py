"""The hasty daemon, on a machine of its own: whether another one has died it cannot see from here."""

from __future__ import annotations

from tests.faults.hasty import hurry
from textback import rota
from textback.__main__ import main
from textback.outbox import pulse

if __name__ == "__main__":
    hurry()
    rota.is_dead = pulse.is_dead = lambda name: False
    main()
