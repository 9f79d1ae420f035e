"""Bytes that are nearly right: seeds cut, doubled, spliced, and filled with words that mean something."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

LONGEST = 20_000


def mutated(seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> Iterator[bytes]:
    """For ever; the same for the same chance."""
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
            chance.choice(_WAYS)(data, seeds, words, chance)
        yield bytes(data[:LONGEST])


Way = Callable[[bytearray, Sequence[bytes], Sequence[bytes], random.Random], None]


def _spot(data: bytearray, chance: random.Random) -> int:
    # Often near the beginning: there it is said what the rest is.
    return chance.randint(0, min(len(data), 100) if chance.random() < 0.5 else len(data))


def _word(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = _spot(data, chance)
    data[at:at] = chance.choice(words)


def _over(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at, word = _spot(data, chance), chance.choice(words)
    data[at : at + len(word)] = word


def _flip(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = _spot(data, chance)
    del data[at : at + chance.choice((1, 2, 8, 64, 1000))]


def _double(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = _spot(data, chance)
    piece = data[at : at + chance.choice((1, 4, 30, 300))]
    data[at:at] = piece * chance.choice((1, 1, 3, 20))


def _splice(data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    other = chance.choice(seeds)
    data[_spot(data, chance) :] = other[chance.randint(0, len(other)) :]


_WAYS: tuple[Way, ...] = (_word, _word, _over, _flip, _flip, _cut, _double, _splice)
