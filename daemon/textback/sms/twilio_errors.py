"""What the SDK raises, as the one error of this room; its texts hold numbers, so only codes and kinds are told."""

from __future__ import annotations

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.version import Version

from textback.sms import Fault, SendError
from textback.sms.twilio_codes import refusal

_NOT_FOUND = 20404


def refused(error: TwilioException) -> SendError:
    """What a refusal of Twilio's means."""
    status, code = getattr(error, "status", 0), getattr(error, "code", None)
    # Where the answer has no code, the SDK repeats the HTTP status there.
    kind, meaning = refusal(status, code if isinstance(code, int) and code >= 1000 else None)
    return SendError(meaning, kind)


def failed(error: Exception, what: str) -> SendError:
    """Why something that was only asked for could not be had."""
    if isinstance(error, SendError):
        return error
    if isinstance(error, TwilioException):
        error = _with_code(error)
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return refused(error)
    return SendError(f"{what} failed ({type(error).__name__})", Fault.UNKNOWN)


def is_about_nothing(error: Exception) -> bool:
    """Whether Twilio says that there is nothing at this address."""
    return getattr(error, "status", None) == 404 and getattr(error, "code", None) == _NOT_FOUND


def _with_code(error: TwilioException) -> Exception:
    """The SDK reads the code of every refusal but that of a list, whose answer it hands on as it came."""
    answer = error.args[1] if len(error.args) > 1 else None
    found: Exception = Version.exception("GET", "", answer, "") if hasattr(answer, "status_code") else error
    return found
