"""A leg out of the document in which FreeSWITCH tells of it: mod_json_cdr's, or mod_xml_cdr's put into JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from textback.numbers import is_nobody
from textback.pbx.records.json_leg import JsonLeg, Step

#: bytes; the largest of real calls have 60 kB
LARGEST = 4_000_000
_MICRO = 1_000_000
#: a Remote-Party-ID that hides the number
_HIDING = re.compile(r";\s*privacy=\"?(?:full|yes|number)\b", re.IGNORECASE)


def leg_of(document: Any) -> JsonLeg:
    """The leg of which a document of mod_json_cdr tells. Raises ``ValueError`` for a document of another shape."""
    try:
        return _leg(document)
    except (TypeError, KeyError, IndexError, AttributeError):
        raise ValueError("no document of a leg") from None


def leg_of_xml(document: Any) -> JsonLeg:
    """The same for one of mod_xml_cdr, as PHP's json_encode writes an XML tree (FusionPBX keeps it so)."""
    try:
        return _leg(_like_mod_json_cdr(document))
    except (TypeError, KeyError, IndexError, AttributeError):
        raise ValueError("no document of a leg") from None


def _leg(document: Mapping[str, Any]) -> JsonLeg:
    variables = document["variables"]
    profiles = [entry["caller_profile"] for entry in document["callflow"]]
    times = [entry["times"] for entry in document["callflow"]]
    first = profiles[-1]  # the newest comes first; later ones have what a transfer made of number and destination
    applications = (document.get("app_log") or {}).get("applications") or ()
    told = Variables(variables)
    return JsonLeg(
        uuid=str(first["uuid"] or told["uuid"]),
        is_inbound=document["channel_data"]["direction"] == "inbound",
        channel=str(first["chan_name"]),
        context=str(first.get("context") or ""),
        number=first.get("ani") or first.get("caller_id_number") or None,
        name=first.get("caller_id_name") or None,
        did=first.get("destination_number") or told["sip_req_user"] or None,
        withheld=_is_withheld(told),
        started=int(times[-1]["created_time"]) / _MICRO,
        ended=int(told["end_uepoch"] or times[0]["hangup_time"]) / _MICRO,
        steps=tuple(map(_step, applications)),
        bridges=_talks(times),
        variables=told,
    )


def _is_withheld(told: Variables) -> bool:
    """Whether the number was hidden, which the profile in the document does not tell (sofia.c, RFC 3323 and 3325)."""
    if "id" in told["sip_Privacy"].lower().split(";"):
        return True
    if _HIDING.search(told["sip_Remote-Party-ID"]):
        return True
    return is_nobody(told["sip_from_user"], told["sip_from_host"])


def _talks(times: Sequence[Mapping[str, str]]) -> tuple[float, ...]:
    """When it was connected with somebody: a leg that nobody answered was bridged with early media only."""
    if not any(int(one["answered_time"]) for one in times):
        return ()
    return tuple(sorted({int(one["bridged_time"]) / _MICRO for one in times if int(one["bridged_time"])}))


class Variables(dict[str, str]):
    """Channel variables as they were before they were encoded (encode-values, by default); '' if not set."""

    def __init__(self, encoded: Mapping[str, Any]) -> None:
        super().__init__({name: unquote(value) for name, value in encoded.items() if isinstance(value, str)})

    def __missing__(self, name: str) -> str:
        return ""


def _step(application: Mapping[str, Any]) -> Step:
    name, data = str(application["app_name"]), str(application.get("app_data") or "")
    return Step(name, data, int(application["app_stamp"]) / _MICRO)


def _like_mod_json_cdr(document: Mapping[str, Any]) -> dict[str, Any]:
    """In XML an element that is there once is no list, an empty one an empty object, and an attribute is set apart."""
    flow = [one | {"caller_profile": _texts(one["caller_profile"])} for one in _listed(document["callflow"])]
    applications = _listed((document.get("app_log") or {}).get("application", []))
    return {
        "channel_data": document["channel_data"],
        "variables": document["variables"],
        "callflow": flow,
        "app_log": {"applications": [one["@attributes"] for one in applications]},
    }


def _texts(element: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: value if isinstance(value, str) else None for name, value in element.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
