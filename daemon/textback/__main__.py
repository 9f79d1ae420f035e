"""``textback``, or ``python -m textback``."""

from __future__ import annotations

import io
import sys

from textback.cli import cli


def main() -> None:
    """Run the command line; ends the process with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that this terminal cannot show is no fault
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="textback")


if __name__ == "__main__":
    main()
