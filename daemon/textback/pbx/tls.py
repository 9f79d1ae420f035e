"""TLS to a PBX: whom we trust is read for each connection, and what is wrong with a certificate is told in words."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from textback.pbx.errors import CertificatesError, Distrusted

#: what OpenSSL finds wrong with the other side's certificate (x509_vfy.h), and what a person can do about it
_FAULTS = {
    9: "is not valid yet: compare the clocks of both computers",
    10: "has expired, or one that vouches for it: renew it there, or in tls_ca",
    18: "is signed by itself: name it in tls_ca, if it is the right one",
    19: "is vouched for by nobody whom we trust: name its authority in tls_ca",
    20: "is vouched for by nobody whom we trust: name its authority in tls_ca",
    21: "is vouched for by nobody whom we trust: name its authority in tls_ca",
    23: "was revoked: renew it there",
    62: "is for another name: let `host` be the name that it is for",
    64: "is for another address: let `host` be the name that it is for",
}


@dataclass(frozen=True, slots=True)
class Tls:
    """``ca``: a file of certificates that are trusted, else the system's; ``make`` reads it."""

    ca: str | None
    make: Callable[[str | None], ssl.SSLContext]

    def context(self) -> ssl.SSLContext:
        """As the file is now: who renewed it need not start the daemon anew. Raises ``CertificatesError``."""
        try:
            return self.make(self.ca)
        except OSError as error:
            is_other = isinstance(error, ssl.SSLError)
            why = "it holds no certificate that can be read" if is_other else error.strerror or "it cannot be read"
            raise CertificatesError(f"tls_ca {self.ca}: {why.lower()}", permanent=True) from error


def distrust(error: Exception, where: str) -> Distrusted | None:
    """What is wrong with the certificate of ``where``, if that is why a connection came to nothing."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    what = _FAULTS.get(error.verify_code) or f"is not accepted: {error.verify_message}"
    return Distrusted(f"cannot connect to {where}: its certificate {what}")


def system_tls(ca: str | None) -> ssl.SSLContext:
    """Trusts the system's authorities, or those in the file ``ca``. Raises ``OSError``."""
    return ssl.create_default_context(cafile=ca or None)
