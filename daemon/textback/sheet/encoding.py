"""In which characters a table is written: UTF-8, UTF-16 or Windows-1252, told by its bytes."""

from __future__ import annotations

import codecs
from typing import BinaryIO

#: Bytes that are looked at at once.
_LOOK = 65_536


def encoding_of(stream: BinaryIO) -> str:
    """By its mark, by the NULs of UTF-16, or by being UTF-8 to the end; everything is Windows-1252."""
    stream.seek(0)
    start = stream.read(_LOOK)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if 4 * max(even, odd) > len(start):
        return "utf-16-be" if even > odd else "utf-16-le"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while start:
            decoder.decode(start)
            start = stream.read(_LOOK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """The five bytes that Windows-1252 leaves open are what they are in Latin-1; half a character shows as such."""
    assert isinstance(error, UnicodeDecodeError)
    lost = error.object[error.start : error.end]
    return (lost.decode("latin-1") if error.encoding in ("cp1252", "charmap") else "\ufffd"), error.end


#: What is made of bytes that are no characters.
STRANGE = "textback-latin"
codecs.register_error(STRANGE, _as_latin)
