"""What Twilio posts, read into our words (https://www.twilio.com/docs/messaging/guides/webhook-request)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping

from textback.model import Status
from textback.sms import Delivery, Inbound, Media
from textback.sms.twilio_codes import STATUSES, failure

#: What Twilio answers by itself where no messaging service has words of its own: the whole text, in any case
#: (https://help.twilio.com/articles/223134027). HELP and INFO are not among them: it does answer, but not who we are.
ANSWERED = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT START YES UNSTOP".split())
#: OptOutType, of the opt-out feature of a messaging service
_ASKS = {"STOP": "stop", "START": "start", "HELP": "help"}
#: More pictures than a text can have.
MOST_MEDIA = 20

_SID = re.compile(r"[0-9A-Za-z-]{1,64}")


class FormError(Exception):
    """A form that lacks what every one of its kind has; the message holds nothing of the form."""


def inbound(form: Mapping[str, str], *, answers_stop: bool) -> Inbound:
    """A text that came in just now; raises FormError.

    ``answers_stop``: Twilio answers its own list of opt-out words.
    """
    body = form.get("Body", "")
    by_service = form.get("OptOutType", "").upper()  # set by the opt-out feature of a messaging service, which answers
    return Inbound(
        provider_id=sid(form, "MessageSid", "SmsSid"),
        sender=_required(form, "From"),
        line=_required(form, "To"),
        body=body,
        media=tuple(_media(form)),
        answered=bool(by_service) or answers_stop and body.strip().upper() in ANSWERED,
        asks=_ASKS.get(by_service, ""),
    )


def delivery(form: Mapping[str, str], message_id: str | None) -> Delivery:
    """What became of a text; ``message_id`` is what our own query parameter holds. Raises FormError.

    A state that is not known yet is taken as a sign that Twilio has the text, and nothing more.
    """
    status = STATUSES.get(state(form), Status.SENT)
    has_failed = status in (Status.FAILED, Status.UNDELIVERED)
    return Delivery(
        provider_id=sid(form, "MessageSid", "SmsSid"),
        status=status,
        message_id=_uuid(message_id),
        error=failure(form.get("ErrorCode")) if has_failed else None,
    )


def state(form: Mapping[str, str]) -> str:
    """Twilio's own word for how far a text got; raises FormError."""
    return (form.get("MessageStatus") or _required(form, "SmsStatus")).lower()


def sid(form: Mapping[str, str], *names: str) -> str:
    """The first of these ids that is there; raises FormError where none is, or where it is no id."""
    found = next((form[name] for name in names if form.get(name)), "")
    if not _SID.fullmatch(found):
        raise FormError(f"no {names[0]}")
    return found


def _required(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise FormError(f"no {name}")
    return form[name]


def _media(form: Mapping[str, str]) -> Iterator[Media]:
    for number in range(MOST_MEDIA):
        url = form.get(f"MediaUrl{number}")
        if not url:
            return
        yield Media(url, form.get(f"MediaContentType{number}", ""))


def _uuid(text: str | None) -> str | None:
    try:
        return str(uuid.UUID(text)) if text else None
    except ValueError:
        return None
