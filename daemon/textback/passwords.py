"""Passwords: which are taken, how they are kept (argon2id), and how they are compared without telling who exists."""

from __future__ import annotations

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from textback.staff_names import Unfit, normal

T = TypeVar("T")

#: NIST SP 800-63B asks for 8 characters in its third revision and, of a password that stands alone, for 15 in its
#: fourth. Guessing is throttled and the pages are for the house: 10 keep out guesses, and need no note at the desk.
SHORTEST = 10
#: Bytes of UTF-8: more is no password but an attempt to keep us busy.
LONGEST = 1024
#: Passwords compared at once: each takes 64 MB and, on purpose, a tenth of a second or more; and how many may wait.
THREADS, MOST = 2, 32

#: What is tried first, without the digits and signs that people put around it.
_COMMON = frozenset(
    "abc abcd abcdef abcdefgh abcdefghij admin administrator changeme clinic dragon football hello iloveyou letmein"
    " monkey p@ssw0rd p@ssword passw0rd password passwordpassword princess qwerty qwertyuiop qwertyqwerty qwertz"
    " qwertzuiop reception secret sunshine superman textback trustno welcome asdfghjkl asdfgh azerty azertyuiop"
    " correcthorsebatterystaple qazwsxedc zaq1xsw2 1q2w3e4r5t q1w2e3r4t5 letmeinplease".split()
)
_RUN = "01234567890123456789"
#: Of a password that is made up: without letters and digits that look alike; five of five are 123 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, LETTERS = 5, 5
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class Busy(Exception):
    """So many passwords wait to be compared that one more would wait for too long."""


def fit_password(password: str, name: str) -> str:
    """``password``, if ``name`` may have it; raises ``Unfit``. Any characters will do (NIST SP 800-63B, 5.1.1.2)."""
    if len(composed(password)) < SHORTEST:
        raise Unfit(f"a password has at least {SHORTEST} characters: a few words do well")
    if len(composed(password).encode("utf-8", "replace")) > LONGEST:
        raise Unfit(f"a password has at most {LONGEST} bytes")
    if _is_easy(normal(password), normal(name)):
        raise Unfit("this password is among the first that anybody would try: a few unrelated words do well")
    return password


def generated() -> str:
    """A password that is made up, to be shown once: easy to read out, and nobody's guess."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))


def composed(password: str) -> str:
    """The same characters however a keyboard composes them (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def hash_of(password: str, hasher: PasswordHasher | None = None) -> str:
    """The argon2id hash (RFC 9106) of a password; takes its time, so not in an event loop."""
    return (hasher or PasswordHasher()).hash(composed(password).encode("utf-8", "replace"))


class Passwords:
    """Hashes and compares in threads of its own, ``THREADS`` at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="textback-passwords")
        self._in_hand = 0
        #: what is compared with where there is no such user: it takes as long, and is never right
        self._nobodys: Future[str] = self._pool.submit(self._hasher.hash, secrets.token_urlsafe())

    async def hashed(self, password: str) -> str:
        """``hash_of`` in a thread; raises ``Busy``."""
        return await self._in_thread(partial(hash_of, password, self._hasher))

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether it is the password of that hash; None is nobody's, and takes as long. Raises ``Busy``."""
        found = await self._in_thread(partial(self._compare, password, stored))
        return found and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Compare no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _compare(self, password: str, stored: str | None) -> bool:
        typed = composed(password).encode("utf-8", "replace")[: LONGEST + 1]
        try:
            known = self._nobodys.result() if stored is None or len(typed) > LONGEST else stored
            return self._hasher.verify(known, typed)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._in_hand >= MOST:
            raise Busy
        self._in_hand += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._in_hand -= 1


def _is_easy(password: str, name: str) -> bool:
    """Whether it is a common one, the name, or one key over and over, with whatever digits and signs around it."""
    bare = _AROUND.sub("", password)
    if len(set(password)) < 4 or password in _RUN or password in _RUN[::-1]:
        return True
    return bare in _COMMON or password in _COMMON or bare.replace(name, "") == "" != bare
