"""What Twilio's answers mean to us, in one table (https://www.twilio.com/docs/api/errors, a page for each code)."""

from __future__ import annotations

from textback.model import Status
from textback.sms import Fault, SendError

#: Refusals of a new message and, from 30001 on, errors that a message gets later.
#:
#: What stops a line, or all of them, must not be in a stranger's hand: whatever depends on the number that is texted
#: (its country, its carrier, whether a trial account knows it) is ``policy``, refused and alarmed.
FAULTS: dict[int, tuple[Fault, str]] = {
    10001: (Fault.OURS, "the account is not active"),
    14107: (Fault.NOT_PROCESSED, "too many messages at once"),
    20003: (Fault.OURS, "account SID or auth token is wrong"),
    20005: (Fault.OURS, "the account is not active"),
    20006: (Fault.OURS, "the account may not do this"),
    20008: (Fault.OURS, "these are test credentials"),
    20010: (Fault.OURS, "the account may not do this"),
    20403: (Fault.OURS, "the account may not do this"),
    20404: (Fault.OURS, "no such account at this address"),
    20429: (Fault.NOT_PROCESSED, "too many requests"),
    21211: (Fault.PERMANENT, "not a valid number to text"),
    21212: (Fault.SENDER, "the line's number is not valid"),
    21217: (Fault.PERMANENT, "not a valid number to text"),
    21265: (Fault.PERMANENT, "a short code cannot be texted"),
    21266: (Fault.PERMANENT, "the line would text itself"),
    21401: (Fault.PERMANENT, "not a valid number to text"),
    21408: (Fault.POLICY, "texts to this country are switched off in the account"),
    21421: (Fault.PERMANENT, "not a valid number to text"),
    21601: (Fault.SENDER, "the line's number cannot send texts"),
    21602: (Fault.PERMANENT, "the text is empty"),
    21603: (Fault.SENDER, "no line to send from"),
    21604: (Fault.PERMANENT, "no number to text"),
    21606: (Fault.SENDER, "the line's number is not the account's, or cannot send texts"),
    21608: (Fault.POLICY, "an account on trial, or without an approved profile, texts verified numbers only"),
    21609: (Fault.OURS, "the address for status callbacks is not accepted: see public_url in [webhooks]"),
    21610: (Fault.OPTED_OUT, "the person said STOP"),
    # A refusal that names a full queue: nothing was taken, and room comes back.
    21611: (Fault.NOT_PROCESSED, "the line's queue at the provider is full"),
    21612: (Fault.POLICY, "the line cannot reach this number"),
    21614: (Fault.LANDLINE, "not a mobile number"),
    21616: (Fault.SENDER, "the line's number is that of several senders of the account"),
    21617: (Fault.PERMANENT, "the text is too long"),
    21618: (Fault.PERMANENT, "the text cannot be sent as it is"),
    21619: (Fault.PERMANENT, "the text is empty"),
    21635: (Fault.LANDLINE, "a landline"),
    21657: (Fault.POLICY, "the line may not text this country"),
    21659: (Fault.SENDER, "the line's number is not one of the provider's"),
    21660: (Fault.SENDER, "the line's number belongs to another account"),
    21730: (Fault.NOT_PROCESSED, "the provider is under maintenance"),
    21910: (Fault.PERMANENT, "line and number are not of the same channel"),
    30001: (Fault.PERMANENT, "the line's queue at the provider ran over"),
    30002: (Fault.OURS, "the account is suspended"),
    30003: (Fault.PERMANENT, "the phone cannot be reached"),
    30004: (Fault.POLICY, "blocked"),
    30005: (Fault.PERMANENT, "no such phone"),
    30006: (Fault.LANDLINE, "a landline, or a carrier that cannot be reached"),
    30007: (Fault.POLICY, "filtered by the carrier as spam"),
    30008: (Fault.PERMANENT, "not delivered, for reasons unknown"),
    30010: (Fault.POLICY, "dearer than the account allows"),
    30017: (Fault.PERMANENT, "the carrier's network is congested"),
    30018: (Fault.POLICY, "the carrier wants the line to be registered"),
    30019: (Fault.PERMANENT, "too long for the carrier"),
    30022: (Fault.POLICY, "more texts at once than the carriers allow the campaign (A2P 10DLC)"),
    30023: (Fault.POLICY, "more texts in a day than the carrier allows the brand (A2P 10DLC)"),
    30024: (Fault.POLICY, "the carrier does not know the line's number, or not yet"),
    30027: (Fault.POLICY, "more texts in a day than the carrier allows the brand (A2P 10DLC)"),
    30032: (Fault.SENDER, "the toll-free number is not verified"),
    30033: (Fault.SENDER, "the line's campaign is suspended (A2P 10DLC)"),
    30034: (Fault.SENDER, "the line's number is not registered for A2P 10DLC"),
    30035: (Fault.SENDER, "the line's number is not registered for A2P 10DLC yet"),
    30036: (Fault.PERMANENT, "it waited too long at the provider"),
    30037: (Fault.OURS, "the account may not send texts"),
    30040: (Fault.POLICY, "the carrier wants the line to be registered"),
    30041: (Fault.POLICY, "the line is not registered for texts to the United Kingdom"),
    30410: (Fault.PERMANENT, "the carrier did not answer the provider"),
    30450: (Fault.POLICY, "the provider blocks this number for a while, suspecting fraud"),
    30453: (Fault.POLICY, "the provider suspects fraud"),
    30454: (Fault.POLICY, "more texts to this destination than the provider allows"),
    30485: (Fault.PERMANENT, "the provider could not deliver it"),
    30500: (Fault.PERMANENT, "a fault at the provider"),
    63038: (Fault.OURS, "the account has sent as many texts as it may in a day"),
    90010: (Fault.OURS, "the account is not active"),
    572005: (Fault.POLICY, "a trial account texts verified numbers only"),
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
    "partially_delivered": Status.SENT,
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


def failure(code: object) -> SendError | None:
    """Why a text that Twilio had taken did not arrive, from the error code of its resource or of a callback.

    None where there is no code. It is never a fault that lets the text be sent as if it had not been taken.
    """
    written = str(code)
    if not (written.isascii() and written.isdecimal() and len(written) < 10 and int(written)):
        return None
    kind, meaning = FAULTS.get(int(written), (Fault.PERMANENT, "not delivered"))
    return SendError(f"{meaning} (Twilio {int(written)})", Fault.PERMANENT if kind is Fault.NOT_PROCESSED else kind)
