"""The SIP profiles of a FreeSWITCH: over which of them callers come, and in which context they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.tags import Node

#: a channel of a profile: FreeSWITCH names it after the far end
_FAR_END = "12025550123@192.0.2.1"


@dataclass(frozen=True, slots=True)
class Profile:
    """One that runs, or is written down; a gateway is one of another profile's, ``PROFILE::NAME``."""

    name: str
    is_gateway: bool = False
    state: str = ""
    context: str = ""
    dtmf: str = ""

    @property
    def channel(self) -> str:
        """What a call over it may be called."""
        return f"sofia/{self.name}/{_FAR_END}"

    @property
    def pattern(self) -> str:
        """What ``trunks`` says for it."""
        return f"sofia/{self.name}/*"


def profiles_of(status: Node) -> list[Profile]:
    """Those that ``sofia xmlstatus`` tells."""
    found = []
    for node in status.walk():
        texts = {child.tag: child.text for child in node.children}
        if node.tag in ("profile", "gateway") and texts.get("name"):
            found.append(Profile(texts["name"], texts.get("type") == "gateway", texts.get("state", "")))
    return found


def profiles_in(conf: Conf) -> list[Profile] | None:
    """Those that sofia.conf names; None where it was not read."""
    sofia = conf.configurations.get("sofia.conf")
    return None if sofia is None else list(_written(sofia))


def _written(sofia: Node) -> Iterator[Profile]:
    for profiles in sofia.of("profiles"):
        for node in profiles.of("profile"):
            settings = node.first("settings") or node
            told = {one.get("name"): one.get("value") for one in settings.of("param")}
            context, dtmf = told.get("context", "default"), told.get("dtmf-type", "rfc2833")
            yield Profile(node.get("name"), context=context, dtmf=dtmf)
            for gateway in node.walk():
                if gateway.tag == "gateway":
                    yield Profile(f"{node.get('name')}::{gateway.get('name')}", is_gateway=True)
