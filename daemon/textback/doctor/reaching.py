"""What can be said of reaching a PBX of either kind: from where we come, and whether we can trust it."""

from __future__ import annotations

import socket

from textback.config import Pbx
from textback.doctor.finding import Finding, failed
from textback.pbx.errors import CertificatesError


def local_address(host: str, port: int) -> str | None:
    """Our address as the other side sees it, without a word sent; None where no way leads there."""
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(kind, socket.SOCK_DGRAM) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError:
        return None


def no_certificates(pbx: Pbx, error: CertificatesError) -> Finding:
    """``tls_ca`` names something else."""
    says = f"{error}: it must hold the certificates that we shall trust"
    lines = ('tls_ca = "/etc/textback/pbx-ca.pem"',)
    return failed(f"{pbx.name}/tls", says, lines, f"textback.toml, [[pbx]] {pbx.name}")
