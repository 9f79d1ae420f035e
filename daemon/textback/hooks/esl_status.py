"""Why nobody answered, as FreeSWITCH noted it on the channel, in the words that Asterisk has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textback.hooks.esl_request import Data

#: why a caller left mod_callcenter, as far as that was not their own doing (cc_cancel_reason)
_QUEUE = {"TIMEOUT": "TIMEOUT", "NO_AGENT_TIMEOUT": "LEAVEEMPTY"}
#: how a bridge ended: DIALSTATUS as it is (switch_ivr_originate.c), or else originate_disposition, a hangup cause
_DIAL = {
    "SUCCESS": "ANSWER",
    "ANSWER": "ANSWER",
    "EARLY": "ANSWER",
    "PICKED_OFF": "ANSWER",
    "CANCEL": "CANCEL",
    "ORIGINATOR_CANCEL": "CANCEL",
    "NOANSWER": "NOANSWER",
    "NO_ANSWER": "NOANSWER",
    "NO_USER_RESPONSE": "NOANSWER",
    "ALLOTTED_TIMEOUT": "NOANSWER",
    "BUSY": "BUSY",
    "USER_BUSY": "BUSY",
}


def status(name: str, data: Data) -> str:
    """``QUEUESTATUS`` or ``DIALSTATUS`` of the channel, '' where nothing is told; of others the variable itself."""
    told = _STATUSES.get(name)
    return told(data) if told else data.variable(name)


def _queue_status(data: Data) -> str:
    # cc_cancel_reason of an earlier queue stays when a later one is answered.
    if data.variable("cc_cause") == "cancel":
        return _QUEUE.get(data.variable("cc_cancel_reason"), "")
    return "TIMEOUT" if data.variable("fifo_status") == "TIMEOUT" else ""


def _dial_status(data: Data) -> str:
    told = (data.variable("DIALSTATUS") or data.variable("originate_disposition")).upper()
    return _DIAL.get(told, "CHANUNAVAIL") if told else ""


_STATUSES: Mapping[str, Callable[[Data], str]] = {"QUEUESTATUS": _queue_status, "DIALSTATUS": _dial_status}
