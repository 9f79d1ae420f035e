"""Simulated load on real daemons, faults on every part, nobody lost: ``python -m tests.soak --minutes 120``."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.servers import Postgresql
from tests.soak.plan import Strike
from tests.soak.run import Soak


def main() -> int:
    """The exit status: 1 if anything was wrong."""
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=120.0)
    options.add_argument("--rate", type=float, default=50.0, help="callers a second")
    options.add_argument("--seed", type=int, default=1, help="of everything that happens by chance")
    options.add_argument("--daemons", type=int, default=1, help="so many on the same PBXes and database")
    options.add_argument("--calm", action="store_true", help="no faults: what the load alone does")
    options.add_argument("--program", default="textback", help="the module that is the daemon")
    options.add_argument("--json", type=Path, help="a file for the figures")
    options.add_argument("--keep", type=Path, help="a folder for the logs; else they are removed")
    chosen = options.parse_args()
    if (reason := Postgresql.missing()) is not None:
        options.error(reason)
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        strikes: list[Strike] | None = [] if chosen.calm else None
        soak = Soak(folder, chosen.minutes, chosen.rate, chosen.seed, chosen.daemons, strikes, chosen.program)
        soak.say = lambda line: print(line, flush=True)
        figures = asyncio.run(soak.run())
    print(figures.table())
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures.as_json(), indent=1) + "\n")
    print("\n".join(figures.faults[:200]) or "every invariant holds")
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
