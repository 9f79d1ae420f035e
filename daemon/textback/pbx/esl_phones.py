"""What tells a phone of the house from a caller where both come over one profile of FreeSWITCH."""

from __future__ import annotations

import re
from collections.abc import Callable

from textback.numbers import LONGEST_EXTENSION

_EXTENSION = re.compile(rf"\d{{1,{LONGEST_EXTENSION}}}")
#: variables of a leg that went through the directory, as phones do
_OF_THE_DIRECTORY = ("user_name", "sip_auth_username")


def is_phone(number: str | None, variable: Callable[[str], str | None], by_context: bool) -> bool:
    """Whether a phone is at the other end; ``by_context``: contexts tell who arrives, and the directory does not."""
    if _EXTENSION.fullmatch(number or ""):
        return True
    return not by_context and any(variable(name) for name in _OF_THE_DIRECTORY)
