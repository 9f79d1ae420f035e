"""The signature of what is posted, by the Standard Webhooks: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac

_PREFIX = "whsec_"


def signature(key: str, ident: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``: over id, epoch seconds and body, with a key that begins with ``whsec_``."""
    secret = base64.b64decode(key.removeprefix(_PREFIX))
    signed = f"{ident}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
