"""Passwords are long enough and not the first that anybody tries; nobody learns from the time who exists."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher

from textback.passwords import LONGEST, MOST, THREADS, Busy, Passwords, fit_password, generated, hash_of
from textback.staff_names import Unfit

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "four unrelated words"


class Counting(PasswordHasher):
    """Remembers what it was asked to compare; ``gate`` holds it up."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.gate.wait(10)
            self.compared.append(str(hash))
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.at_once -= 1


def run(story: Any, hasher: PasswordHasher = QUICK) -> Any:
    async def told() -> Any:
        passwords = Passwords(hasher)
        try:
            return await story(passwords)
        finally:
            passwords.close()

    return asyncio.run(told())


@pytest.mark.parametrize(
    "password",
    [
        GOOD, "x7&kd93!qz", "0912384756", " " * 4 + "spaces ab", "kim rides a bike",
        "\u6c34\u706b\u6728\u91d1\u571f\u65e5\u6708\u661f\u5929\u5730",
    ],
)  # fmt: skip
def test_any_characters_will_do(password: str) -> None:
    assert fit_password(password, "kim") == password


@pytest.mark.parametrize("password", ["", "x7&kd93!q", "\ufb03" * 3])
def test_a_short_one_is_refused(password: str) -> None:
    with pytest.raises(Unfit, match="at least 10 characters"):
        fit_password(password, "kim")


@pytest.mark.parametrize(
    "password",
    [
        "1234567890", "9876543210", "0123456789012", "aaaaaaaaaaaa", "abababababab", "Password123", "password2026!!",
        "P@ssw0rd!!!!", "qwertyuiop", "iloveyou12345", "1q2w3e4r5t", "textback2026", "kimberley", "Kimberley123",
        "kimberleykimberley", "passwordpassword",
    ],
)  # fmt: skip
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(Unfit):
        fit_password(password, "Kimberley")


def test_the_longest_is_taken_and_a_longer_one_refused() -> None:
    long = ("abcdefghij" * LONGEST)[:LONGEST]
    assert fit_password(long, "kim") == long
    with pytest.raises(Unfit, match="at most 1024 bytes"):
        fit_password(long + "k", "kim")


def test_a_refusal_does_not_hold_the_password() -> None:
    with pytest.raises(Unfit) as unfit:
        fit_password("password123", "kim")
    assert "password123" not in str(unfit.value)


def test_the_right_one_fits_and_others_do_not() -> None:
    async def story(passwords: Passwords) -> list[bool]:
        stored = await passwords.hashed(GOOD)
        assert stored.startswith("$argon2id$") and GOOD not in stored
        tries = (GOOD, GOOD + " ", GOOD.upper(), "", "\0", "\ud800", "x" * 100_000)
        return [await passwords.fits(tried, stored) for tried in tries]

    assert run(story) == [True, False, False, False, False, False, False]


def test_it_fits_however_a_keyboard_composes_it() -> None:
    async def story(passwords: Passwords) -> bool:
        return await passwords.fits("cafe\u0301 au lait", hash_of("caf\u00e9 au lait", QUICK))

    assert run(story)


def test_a_hash_that_cannot_be_read_fits_nothing() -> None:
    async def story(passwords: Passwords) -> list[bool]:
        return [await passwords.fits(GOOD, stored) for stored in ("", "$argon2id$", "x" * 300)]

    assert run(story) == [False] * 3


def test_where_there_is_no_such_user_as_much_is_computed() -> None:
    hasher = Counting()

    async def story(passwords: Passwords) -> None:
        assert not await passwords.fits(GOOD, None)
        assert not await passwords.fits("x" * (LONGEST + 1), hash_of(GOOD, hasher))

    run(story, hasher)
    first, second = hasher.compared
    assert first == second != hash_of(GOOD, hasher)
    parameters = first.split("$")[:4]
    assert parameters == hash_of(GOOD, hasher).split("$")[:4]


def test_few_are_compared_at_once_and_too_many_are_sent_away() -> None:
    hasher = Counting()
    hasher.gate.clear()

    async def story(passwords: Passwords) -> None:
        waiting = [asyncio.create_task(passwords.fits(GOOD, None)) for _ in range(MOST)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await passwords.fits(GOOD, None)
        hasher.gate.set()
        assert await asyncio.gather(*waiting) == [False] * MOST
        assert not await passwords.fits(GOOD, None)

    run(story, hasher)
    assert hasher.most_at_once <= THREADS


def test_hashes_of_other_parameters_are_known() -> None:
    async def story(passwords: Passwords) -> tuple[bool, bool]:
        older = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
        return passwords.is_outdated(hash_of(GOOD, older)), passwords.is_outdated(hash_of(GOOD, QUICK))

    assert run(story) == (True, False)


def test_a_password_that_is_made_up_is_fit_and_never_the_same() -> None:
    made = {fit_password(generated(), "kim") for _ in range(100)}
    assert len(made) == 100 and not set("0o1il") & set("".join(made))
