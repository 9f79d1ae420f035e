"""What a browser is given to bring back, signed, so that a forged one is known without a look into the database."""

from __future__ import annotations

import base64
import hashlib
import hmac


class Seals:
    """HMAC-SHA256 (RFC 2104) with the secret of these pages; what is sealed for one purpose is void for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def mark(self, purpose: str, value: str) -> str:
        """A token that only we can make of the value: 43 characters of base64url."""
        digest = hmac.digest(self._secret, f"{purpose}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_mark(self, given: str, purpose: str, value: str) -> bool:
        """Whether it is that token; how long that takes tells nothing of how much of it is right."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.mark(purpose, value).encode())

    def sealed(self, purpose: str, value: str) -> str:
        """The value and its mark; a value holds no colon that matters, since the mark comes last."""
        return f"{value}:{self.mark(purpose, value)}"

    def opened(self, purpose: str, sealed: str) -> str | None:
        """The value of what was sealed for this purpose; None if it is forged."""
        value, _, given = sealed.rpartition(":")
        return value if value and self.is_mark(given, purpose, value) else None
