"""The recorded calls of ``tests/stories``, unpacked where a test wants them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

STORIES = Path(__file__).parent / "stories"
#: how the bytes of each kind of PBX end in their name
_SUFFIX = {"freeswitch": ".esl"}


def names(pbx: str) -> list[str]:
    """The stories of a PBX that have a truth, by name."""
    return sorted(truth(pbx))


def truth(pbx: str) -> dict[str, Any]:
    """What happened in each story, as its callers and agents know it."""
    found: dict[str, Any] = json.loads((STORIES / pbx / "truth.json").read_text())
    return found


def unpack(pbx: str, name: str, folder: Path) -> Path:
    """The recording, with its index beside it, as ``textback replay`` takes it."""
    for packed in (STORIES / pbx).glob(f"{name}.*.gz"):
        (folder / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return folder / (Path(name).name + _SUFFIX.get(pbx, ".ami"))


def read(pbx: str, name: str) -> bytes:
    """The bytes of a recording."""
    return read_file(pbx, name + _SUFFIX.get(pbx, ".ami"))


def read_file(pbx: str, name: str) -> bytes:
    """The bytes of a file beside the recordings, by its whole name."""
    return gzip.decompress((STORIES / pbx / f"{name}.gz").read_bytes())
