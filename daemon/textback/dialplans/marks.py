"""The first line of a rendered file: for which PBX it is, and whether somebody has changed it since."""

from __future__ import annotations

import hashlib
import re

_MARK = re.compile(
    r"(?:;|<!--) textback dialplan show, for the PBX ([A-Za-z0-9_.-]+): checksum ([0-9a-f]{16})(?: -->)?"
)
#: the one line that everybody has to change, in either kind of file
_SECRET = re.compile(r"""^secret[ \t]*=>?.*$|^[ \t]*<param name="password" value=.*$""", re.MULTILINE)


def marked(text: str, pbx: str) -> str:
    """``text`` with that line before it, as a comment of the kind that the text itself begins with."""
    line = f"textback dialplan show, for the PBX {pbx}: checksum {_checksum(text)}"
    return f"<!-- {line} -->\n{text}" if text.startswith("<") else f"; {line}\n{text}"


def made_for(text: str) -> str | None:
    """The PBX that a file was rendered for; None if it is none of ours, or was changed but for its secret."""
    first, _, rest = text.partition("\n")
    found = _MARK.fullmatch(first)
    return found[1] if found and found[2] == _checksum(rest) else None


def with_secret_of(before: str, text: str) -> str:
    """``text`` with the secret that stands in ``before``, which is the same file as it was."""
    secret = _SECRET.search(before)
    return _SECRET.sub(lambda _: secret[0], text, count=1) if secret else text


def _checksum(text: str) -> str:
    return hashlib.sha256(_SECRET.sub("secret", text).encode()).hexdigest()[:16]
