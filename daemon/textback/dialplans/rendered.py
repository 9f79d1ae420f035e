"""What comes of rendering: files, and what a person should know about them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files by name, and what a person should know about them, one sentence each."""

    files: dict[str, str]
    remarks: tuple[str, ...]
