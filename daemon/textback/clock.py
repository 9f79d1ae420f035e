"""What time it is: the one place where the daemon asks."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds since the epoch, UTC. Tests pass their own.
Clock = Callable[[], float]

system_clock: Clock = time.time
