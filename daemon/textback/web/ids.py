"""The ids of rows in addresses: what no database could have is no address of ours."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Row(Convertor[int]):
    """Written as we write it; Starlette's own ``int`` takes thousands of digits, which Python then refuses."""

    regex = "[1-9][0-9]{0,8}"

    def convert(self, value: str) -> int:
        """The id."""
        return int(value)

    def to_string(self, value: int) -> str:
        """The id in an address."""
        return str(value)


class _Place(_Row):
    """Where something stands in a list, from 0 on."""

    regex = "0|[1-9][0-9]{0,3}"


register_url_convertor("row", _Row())
register_url_convertor("place", _Place())


def row_id(text: str) -> int | None:
    """The id that a form holds; None if it cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
