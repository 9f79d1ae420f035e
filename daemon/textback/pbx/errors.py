"""What can go wrong with a link to a PBX."""

from __future__ import annotations


class LinkError(Exception):
    """The link cannot work now; ``permanent``: a person must change something before it can."""

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class CertificatesError(LinkError):
    """The certificates that we are to trust cannot be read."""


class Distrusted(LinkError):
    """The certificate of the PBX is not to be trusted; a person has to mend it, so that it is tried again slowly."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NotAdmitted(LinkError):
    """The PBX lets nobody in from this computer, whatever the password."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class RecordsError(Exception):
    """The records of a PBX cannot be read; the text says which and why, and holds no password."""
