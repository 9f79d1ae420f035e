"""The one error by which a listener says that it cannot listen."""

from __future__ import annotations


class ListenError(Exception):
    """An address cannot be listened on; the text says which, and why."""
