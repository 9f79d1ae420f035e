"""``textback``, or ``python -m textback``."""

from __future__ import annotations

import io
import os
import sys

from textback.cli import cli


def main() -> None:
    """Run the command line; ends the process with its exit status."""
    _fill_gaps()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that this terminal cannot show is no fault
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="textback")


def _fill_gaps() -> None:
    """Where an output is closed (``>&-``) the next file would take its place, and be written to as if it were that."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
