"""What time it is: the one place where the daemon asks."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds since the epoch, UTC. Tests pass their own.
Clock = Callable[[], float]

#: Seconds by which a clock is set; by less it is corrected, or two of them differ.
STEP = 5.0
#: Seconds before now from which a PBX is asked what happened, where its calls were followed by a clock that was ahead.
IN_DOUBT = 3600.0

system_clock: Clock = time.time
