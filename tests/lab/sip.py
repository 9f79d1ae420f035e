"""SIP as text: messages as they were received, and as they are sent (RFC 3261, RFC 4566)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

EOL = "\r\n"
_ALLOW = "Allow: INVITE, ACK, CANCEL, BYE, REFER, NOTIFY, INFO"


class Message:
    """A SIP request or response as it was received."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition(EOL * 2)
        self.start, *self.lines = head.split(EOL)
        number, self.method = self["CSeq"].split()
        self.cseq = int(number)

    def __getitem__(self, name: str) -> str:
        return self.all(name)[0]

    def all(self, name: str) -> list[str]:
        """The values of a header, in order."""
        pairs = (line.partition(":") for line in self.lines)
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]

    @property
    def status(self) -> int | None:
        """The code of a response."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else None

    @property
    def user(self) -> str:
        """Whom a request is for."""
        return self.start.split()[1].removeprefix("sip:").partition("@")[0]

    @property
    def target(self) -> str:
        """Where requests within the call go from now on."""
        return self["Contact"].partition("<")[2].partition(">")[0]


def written(lines: Sequence[str], body: str = "", kind: str = "application/sdp") -> bytes:
    """A message of these lines, with its body."""
    head = [*lines, *([f"Content-Type: {kind}"] if body else []), f"Content-Length: {len(body.encode())}"]
    return (EOL.join(head) + EOL * 2 + body).encode()


def reply(request: Message, status: str, tag: str, contact: str) -> list[str]:
    """The lines of an answer to a request; `tag` is our end of the call, if it has none yet."""
    return [
        f"SIP/2.0 {status}",
        *(f"Via: {via}" for via in request.all("Via")),
        f"From: {request['From']}",
        f"To: {request['To']}" + ("" if "tag=" in request["To"] else f";tag={tag}"),
        f"Call-ID: {request['Call-ID']}",
        f"CSeq: {request['CSeq']}",
        f"Contact: <{contact}>",
        _ALLOW,
        "Supported: replaces",
    ]


def offer(address: str, port: int, mode: str = "sendrecv") -> str:
    """A description of the sound that a phone takes there."""
    lines = ["v=0", f"o=- 1 {secrets.randbelow(1 << 30)} IN IP4 {address}", "s=-", f"c=IN IP4 {address}"]
    lines += ["t=0 0", f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a={mode}"]
    return "".join(line + EOL for line in lines)


def new_branch() -> str:
    """The name of a new transaction."""
    return f"z9hG4bK{secrets.token_hex(6)}"
