"""``textback``, or ``python -m textback``."""

from __future__ import annotations

from textback.cli import cli


def main() -> None:
    """Run the command line; ends the process with its exit status."""
    cli(prog_name="textback")


if __name__ == "__main__":
    main()
