"""Fuzzes a reader of what others send: ``python -m tests.fuzz ami --minutes 10``.

With atheris (``pip install atheris``) it follows which code the bytes reach; without, they are mutated blindly.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.fuzz.mutation import LONGEST, mutated

FOUND = Path(__file__).parent / "found"
#: seconds after which one input hangs
HANG = 5


def main() -> int:
    """The exit status: 1 if something was found."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("name", choices=("ami", "esl", "agi", "queue_log", "cdr", "webhook", "csv"))
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--seed", type=int, default=int(time.time()), help="of what happens by chance")
    options.add_argument("--blind", action="store_true", help="without atheris")
    chosen = options.parse_args()
    logging.disable()  # what is wrong with an input is told by what becomes of it
    if not chosen.blind and _has_atheris():
        return _follow(chosen.name, chosen.minutes, chosen.seed)
    return _mutate(chosen.name, chosen.minutes, chosen.seed)


def _has_atheris() -> bool:
    try:
        import atheris  # noqa: F401
    except ImportError:
        return False
    return True


def _follow(name: str, minutes: float, seed: int) -> int:
    """By coverage; ends the process itself, as libFuzzer does."""
    import atheris

    with atheris.instrument_imports(include=["textback", "tests.fuzz"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    work = Path(tempfile.mkdtemp(prefix=f"textback-fuzz-{name}-"))
    corpus, words = work / "corpus", work / "words"
    corpus.mkdir()
    for number, made in enumerate(target.seeds()):
        (corpus / f"seed{number}").write_bytes(made)
    words.write_text("".join(_quoted(word) for word in target.words))
    (FOUND / name).mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={int(60 * minutes)}", f"-timeout={HANG}", f"-max_len={LONGEST}", f"-seed={seed}"]
    places = [f"-artifact_prefix={FOUND / name}/", f"-dict={words}", str(corpus)]
    atheris.Setup([sys.argv[0], *limits, *places, "-print_final_stats=1"], target.one)
    atheris.Fuzz()
    return 0


def _quoted(word: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'


def _mutate(name: str, minutes: float, seed: int) -> int:
    from tests.fuzz.targets import TARGETS

    target, chance, count, found = TARGETS[name], random.Random(seed), 0, 0
    signal.signal(signal.SIGALRM, _hangs)
    last, inputs = time.monotonic() + 60 * minutes, mutated(target.seeds(), target.words, chance)
    while time.monotonic() < last:
        data, count = next(inputs), count + 1
        signal.alarm(HANG)
        try:
            target.one(data)
        except Exception as fault:
            found += 1
            print(f"{_kept(name, data)}: {type(fault).__name__}: {str(fault)[:300]}", flush=True)
        finally:
            signal.alarm(0)
    print(f"{name}: {count} inputs in {minutes:g} minutes, {found} of them found something")
    return 1 if found else 0


def _hangs(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"one input took longer than {HANG} s")


def _kept(name: str, data: bytes) -> Path:
    """The input as a file, which the tests try from now on."""
    path = FOUND / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    sys.exit(main())
