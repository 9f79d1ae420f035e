"""TLS for a connection in greenswitch's thread: the standard library's would stop all of it while it waits."""

from __future__ import annotations

import ssl

import gevent.ssl


def tls_context(ca: str | None) -> ssl.SSLContext:
    """Trusts the system's authorities, or those in the file ``ca``; for sockets of gevent. Raises ``OSError``."""
    context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(ca)
    else:
        context.load_default_certs()
    found: ssl.SSLContext = context
    return found
