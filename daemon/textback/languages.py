"""Names of languages, as PBXes, people and files write them (RFC 5646, and the locales of POSIX)."""

from __future__ import annotations


def tag(language: str) -> str:
    """``ES_mx`` as a practice file has it: ``es-MX``."""
    primary, _, region = language.replace("_", "-").partition("-")
    shown = region.upper() if len(region) == 2 else region
    return f"{primary.lower()}-{shown}" if region else primary.lower()


def primary(language: str) -> str:
    """``es`` of ``es-MX``, ``es_MX`` and ``ES``."""
    return tag(language).partition("-")[0]
