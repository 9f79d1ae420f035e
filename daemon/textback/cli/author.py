"""Who sits at the command line, as what is done there is signed."""

from __future__ import annotations

import getpass


def author() -> str:
    """The name of this computer's user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return "somebody"
