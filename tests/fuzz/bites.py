"""The bytes of a fuzzer, taken bite by bite: whatever it makes, something comes of it."""

from __future__ import annotations


class Bites:
    """What is left of the bytes; all are empty, or 0, once they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, most: int) -> int:
        """From 0 to below ``most``."""
        return (self.take(1) or b"\0")[0] % most

    def take(self, count: int) -> bytes:
        """So many bytes, or what is left."""
        self._at, start = self._at + count, self._at
        return self._data[start : self._at]

    def some(self, most: int) -> bytes:
        """Up to so many: the first byte says how many."""
        return self.take(self.number(most + 1))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))


def packed(*parts: bytes | int) -> bytes:
    """What ``Bites`` takes these parts from: numbers, and bytes with their length."""
    return b"".join(bytes([part]) if isinstance(part, int) else bytes([len(part)]) + part for part in parts)


def pieces(data: bytes, size: int) -> list[bytes]:
    """The bytes as they may arrive: ``size`` at once, all at once if it is 0."""
    step = size or max(len(data), 1)
    return [data[start : start + step] for start in range(0, len(data), step)]
