"""What staff may be called: one name in however many ways it can be typed, and none that looks like another's."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100
#: Alphabets that have letters which look alike: a name in one of them holds none of another.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_NAME = re.compile(r"\w[\w.@+'-]*")


class Unfit(Exception):
    """A name or a password cannot be taken; the text says what is expected, without the password."""


def normal(typed: str) -> str:
    """A name as it is kept: ``KIM``, ``Kim`` and full-width ``ｋｉｍ`` are ``kim``.

    Compatibility forms and case are folded (Unicode's NFKC and ``casefold``), and once more, since folding may
    leave what is not composed; space around it goes.
    """
    folded = unicodedata.normalize("NFKC", typed.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)


def fit_name(typed: str) -> str:
    """The same for a new name; raises ``Unfit`` if it is none."""
    name = normal(typed)
    if not name or len(name) > LONGEST or not _NAME.fullmatch(name):
        raise Unfit(f"a name has 1 to {LONGEST} letters and digits, and . _ - + @ ' between them")
    if len(_alphabets(name) & _ALIKE) > 1:
        raise Unfit("a name has the letters of one alphabet: those of two look alike, and so would two people")
    return name


def fit_full_name(typed: str) -> str:
    """What colleagues read, in one line; raises ``Unfit`` if nobody could read it."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    if not name or len(name) > LONGEST or not name.isprintable():
        raise Unfit(f"a full name has 1 to {LONGEST} characters that can be printed")
    return name


def _alphabets(name: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()}
