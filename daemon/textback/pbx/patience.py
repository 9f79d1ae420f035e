"""How long a link to a PBX waits, for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """All in seconds; a half-open link is noticed within ``ping_every`` + ``ping``.

    After a restart AMI takes logins before its modules are there: a list that it does not know yet is asked for
    ``boot_tries`` times, ``boot_wait`` apart.
    """

    connect: float = 10.0
    #: Asterisk answers a failed login after 1 s
    answer: float = 10.0
    ping_every: float = 15.0
    ping: float = 10.0
    first_delay: float = 1.0
    longest_delay: float = 30.0
    #: after a refused login: a tight loop trips fail2ban, and only a person can mend it
    refused_delay: float = 60.0
    boot_wait: float = 1.0
    boot_tries: int = 30
    #: before a caller who pressed the key is told what became of it: the dialplan may do that by itself
    before_telling: float = 1.0
    #: until what was asked for has begun on the PBX, and until a prompt is over
    begin: float = 5.0
    prompt: float = 60.0

    def delay(self, failures: int, jitter: float) -> float:
        """Before the next attempt, after so many that failed in a row: doubled each time; ``jitter``: 0…1."""
        longest = min(self.longest_delay, self.first_delay * 2.0 ** min(failures, 8))
        return self.first_delay + (longest - self.first_delay) * jitter
