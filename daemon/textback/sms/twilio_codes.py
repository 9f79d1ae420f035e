"""What Twilio's answers mean to us, in one table (https://www.twilio.com/docs/api/errors)."""

from __future__ import annotations

from textback.model import Status
from textback.sms import Fault

#: Refusals of a new message and, from 30001 on, errors that a message gets later.
FAULTS: dict[int, tuple[Fault, str]] = {
    14107: (Fault.NOT_PROCESSED, "too many messages at once"),
    20003: (Fault.OURS, "account SID or auth token is wrong"),
    20005: (Fault.OURS, "the account is not active"),
    20006: (Fault.OURS, "the account may not do this"),
    20008: (Fault.OURS, "these are test credentials"),
    20404: (Fault.OURS, "no such account at this address"),
    20429: (Fault.NOT_PROCESSED, "too many requests"),
    21211: (Fault.PERMANENT, "not a valid number to text"),
    21212: (Fault.OURS, "the line's number is not valid"),
    21217: (Fault.PERMANENT, "not a valid number to text"),
    21265: (Fault.PERMANENT, "a short code cannot be texted"),
    21266: (Fault.PERMANENT, "the line would text itself"),
    21401: (Fault.PERMANENT, "not a valid number to text"),
    21408: (Fault.POLICY, "texts to this country are switched off in the account"),
    21421: (Fault.PERMANENT, "not a valid number to text"),
    21601: (Fault.OURS, "the line's number cannot send texts"),
    21602: (Fault.PERMANENT, "the text is empty"),
    21603: (Fault.OURS, "no line to send from"),
    21604: (Fault.PERMANENT, "no number to text"),
    21606: (Fault.OURS, "the line's number is not the account's, or cannot send texts"),
    21608: (Fault.OURS, "a trial account texts verified numbers only"),
    21610: (Fault.OPTED_OUT, "the person said STOP"),
    # A refusal that names a full queue: nothing was taken, and room comes back.
    21611: (Fault.NOT_PROCESSED, "the line's queue at the provider is full"),
    21612: (Fault.OURS, "the line cannot reach this number"),
    21614: (Fault.LANDLINE, "not a mobile number"),
    21617: (Fault.PERMANENT, "the text is too long"),
    21635: (Fault.LANDLINE, "a landline"),
    21659: (Fault.OURS, "the line's number is not one of the provider's"),
    21660: (Fault.OURS, "the line's number belongs to another account"),
    30002: (Fault.OURS, "the account is suspended"),
    30003: (Fault.PERMANENT, "the phone cannot be reached"),
    30004: (Fault.POLICY, "blocked"),
    30005: (Fault.PERMANENT, "no such phone"),
    30006: (Fault.LANDLINE, "a landline, or a carrier that cannot be reached"),
    30007: (Fault.POLICY, "filtered by the carrier as spam"),
    30008: (Fault.PERMANENT, "not delivered, for reasons unknown"),
    30032: (Fault.OURS, "the toll-free number is not verified"),
    30034: (Fault.OURS, "the line's number is not registered for A2P 10DLC"),
}

#: Answers that say by themselves that nothing was done (RFC 9110, 15.5.2 and 15.5.8).
UNAUTHORIZED = frozenset({401, 407})

#: Every state that Twilio gives a message; it has the text in all of them.
STATUSES: dict[str, Status] = {
    "accepted": Status.SENT,
    "scheduled": Status.SENT,
    "queued": Status.SENT,
    "sending": Status.SENT,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELLED,
}


def refusal(status: int, code: int | None) -> tuple[Fault, str]:
    """The meaning of an HTTP status of 300 or more with Twilio's code, and a sentence for people.

    Codes are split and added without notice, so an unknown one is permanent and shown; an answer without any
    code did not come from Twilio's own application and proves nothing.
    """
    if status == 429:
        return Fault.NOT_PROCESSED, "too many requests (HTTP 429)"
    if status >= 500:
        return Fault.UNKNOWN, f"the provider is in trouble (HTTP {status})"
    if code in FAULTS:
        kind, meaning = FAULTS[code]
        return kind, f"{meaning} (Twilio {code})"
    if status in UNAUTHORIZED:
        return Fault.OURS, f"credentials refused (HTTP {status})"
    if code is None or status < 400:
        return Fault.UNKNOWN, f"not an answer of Twilio's (HTTP {status})"
    return Fault.PERMANENT, f"refused (Twilio {code})"
