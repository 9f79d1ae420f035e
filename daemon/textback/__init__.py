"""Texts the callers whom an on-prem PBX would otherwise lose."""

__version__ = "0.1.0"
