"""What callers hear: the sound that the PBX sends them, compared with the prompts as they lie in their files."""

from __future__ import annotations

import itertools
import threading
import wave
from collections.abc import Sequence
from operator import mul
from pathlib import Path

from .leg import Leg
from .phones import Phones

_PROMPTS = Path(__file__).parents[2] / "dialplan/prompts/en/textback"
#: samples that make one to compare: speech is told apart by what is left below 500 Hz
_STEP = 8
#: how many of them are compared: 3.2 s
_LENGTH = 400
#: what is softer than this part of a prompt is none
_FAINT = 0.5
#: how much alike, 0 to 1, what was sent and a prompt are if the one is in the other: 0.94 was the least that was
#: measured, other prompts of the same voice came to 0.71; what plays meanwhile must be soft
ALIKE = 0.85


class Hearing:
    """Takes the sound of all calls of these phones, by the port that it comes from."""

    def __init__(self, phones: Phones) -> None:
        self._socket = phones.media
        self._heard: dict[int, bytearray] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="hearing", daemon=True)

    def __enter__(self) -> Hearing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(5)

    def heard(self, leg: Leg, prompt: str) -> bool:
        """Whether the caller has heard that prompt."""
        return self.likeness(leg, prompt) > ALIKE

    def likeness(self, leg: Leg, prompt: str) -> float:
        """How much alike the prompt and the most similar part of what the caller heard are."""
        sound = [_LINEAR[byte] for byte in bytes(self._heard.get(leg.sound_from or 0, b""))]
        words = _thinned(_samples(prompt))
        middle = len(words) // 2
        # several begin alike, or end alike
        words = words[max(0, middle - _LENGTH // 2) : middle + _LENGTH // 2]
        return max(_likeness(_thinned(sound[phase:]), words) for phase in range(0, _STEP, 2))

    def _listen(self) -> None:
        self._socket.settimeout(0.2)
        while not self._is_over.is_set():
            try:
                data, (_, port) = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if data[1] & 0x7F == 0:  # PCMU, RFC 3551
                self._heard.setdefault(port, bytearray()).extend(data[12:])


def _samples(prompt: str) -> list[int]:
    with wave.open(str(_PROMPTS / f"{prompt}.wav")) as file:
        data = file.readframes(file.getnframes())
    return [int.from_bytes(data[place : place + 2], "little", signed=True) for place in range(0, len(data), 2)]


def _thinned(samples: Sequence[int]) -> list[float]:
    return [sum(samples[place : place + _STEP]) / _STEP for place in range(0, len(samples) - _STEP, _STEP)]


def _likeness(sound: list[float], prompt: list[float]) -> float:
    size, best = len(prompt), 0.0
    ours = sum(map(mul, prompt, prompt)) ** 0.5
    powers = [0.0, *itertools.accumulate(map(mul, sound, sound))]
    for place in range(0, len(sound) - size):
        theirs = (powers[place + size] - powers[place]) ** 0.5
        if theirs > ours * _FAINT:
            best = max(best, sum(map(mul, sound[place : place + size], prompt)) / (ours * theirs))
    return best


def _linear(byte: int) -> int:
    """A sample of G.711 mu-law."""
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 0x84) << ((byte & 0x70) >> 4)
    return (0x84 - size) if byte & 0x80 else (size - 0x84)


_LINEAR = [_linear(byte) for byte in range(256)]
