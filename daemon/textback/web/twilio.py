"""What Twilio posts: texts that came in, what became of ours, and calls to a line."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from textback.complaints import Complaints, place
from textback.reception import Reception
from textback.sms import twilio_forms
from textback.sms.twilio_forms import FormError
from textback.web.durable import Durable
from textback.web.lines import Lines
from textback.web.webhooks import body_of, discard

#: Twilio sends some forty fields with a text of ten pictures.
MOST_FIELDS = 200

SMS, STATUS, VOICE = "/twilio/sms", "/twilio/status", "/twilio/voice"
UNREADY = "Twilio's posts are refused: [webhooks] public_url or the account's auth token is missing"
UNSIGNED = "a post without Twilio's signature was refused"
WRONG = "a post with a wrong signature was refused: is [webhooks] public_url what Twilio has?"
FORM = "application/x-www-form-urlencoded"
#: What a caller hears whose line is forwarded to nobody, and how Twilio calls the language.
TEXTS_ONLY = {
    "en": ("en-US", "This number is for text messages only. Goodbye."),
    "es": ("es-MX", "Este número es solo para mensajes de texto. Adiós."),
    "fr": ("fr-FR", "Ce numéro est réservé aux messages texte. Au revoir."),
}

Form = ImmutableMultiDict[str, str]
Effect = Callable[[Request, Form], Awaitable[Response]]


class TwilioWebhooks:
    """The routes that Twilio posts to; ``public_url`` is what it knows us by, and what its signatures hold.

    Without it, or without a ``token``, nobody's signature can be right.
    """

    def __init__(
        self,
        reception: Reception,
        lines: Lines,
        durable: Durable,
        complaints: Complaints,
        *,
        token: str | None,
        public_url: str | None,
        answers_stop: bool = True,
        log: logging.Logger = logging.getLogger("textback.web"),
    ) -> None:
        self._reception, self._lines, self._complaints, self._log = reception, lines, complaints, log
        self._validator = RequestValidator(token) if token else None
        self._public_url = public_url.rstrip("/") if public_url else None
        self._answers_stop, self._durable = answers_stop, durable

    def routes(self) -> list[Route]:
        """What ``webhooks`` takes."""
        places = {SMS: self._sms, STATUS: self._status, VOICE: self._voice}
        return [Route(path, self._signed(effect), methods=["POST"]) for path, effect in places.items()]

    def _signed(self, effect: Effect) -> Callable[[Request], Awaitable[Response]]:
        """Nothing is done, and little read, before it is clear that Twilio asks for it."""

        async def endpoint(request: Request) -> Response:
            form = await self._form(request)
            try:
                return await effect(request, form)
            except FormError as error:
                self._complaints.tell(f"a post of Twilio's cannot be read: {error}")
                raise HTTPException(HTTPStatus.BAD_REQUEST) from None
            except HTTPException:
                raise
            except Exception as error:
                # its text may hold what was posted
                self._complaints.tell(f"a fault of ours with a post of Twilio's: {type(error).__name__}{place(error)}")
                raise HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR) from None

        return endpoint

    async def _form(self, request: Request) -> Form:
        signature = request.headers.get("x-twilio-signature")
        if self._validator is None or self._public_url is None or not signature:
            await discard(request)
            raise self._forbidden(UNSIGNED if self._validator and self._public_url else UNREADY)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            await discard(request)
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        form = _read_form(await body_of(request))
        if not self._validator.validate(self._url(request), form, signature):
            raise self._forbidden(WRONG)
        return form

    def _url(self, request: Request) -> str:
        path = request.scope.get("raw_path") or request.url.path.encode()
        query = request.scope["query_string"]
        return f"{self._public_url}{path.decode('latin-1')}" + (f"?{query.decode('latin-1')}" if query else "")

    def _forbidden(self, complaint: str) -> HTTPException:
        self._complaints.tell(complaint)
        return HTTPException(HTTPStatus.FORBIDDEN)

    async def _sms(self, request: Request, form: Form) -> Response:
        inbound = twilio_forms.inbound(form, answers_stop=self._answers_stop)
        await self._durable.written(self._reception.take(inbound, dict(form)))
        return _twiml(MessagingResponse())

    async def _status(self, request: Request, form: Form) -> Response:
        delivery = twilio_forms.delivery(form, request.query_params.get("message"))
        await self._durable.written(self._reception.deliver(delivery, dict(form), twilio_forms.state(form)))
        return _twiml(MessagingResponse())

    async def _voice(self, request: Request, form: Form) -> Response:
        """A call waits for nobody: what was posted is kept afterwards."""
        call = twilio_forms.sid(form, "CallSid")
        home = await self._lines.find(form.get("To", ""))
        answer = VoiceResponse()
        main_number = home[1].main_number if home is not None else None
        if main_number and not self._lines.is_ours(main_number):  # where it would be forwarded again, perhaps to here
            answer.dial().number(main_number)
        else:
            spoken = home[0].language.partition("-")[0] if home is not None else "en"
            language, words = TEXTS_ONLY.get(spoken, TEXTS_ONLY["en"])
            answer.say(words, language=language)
        return _twiml(answer, BackgroundTask(self._keep_call, call, form))

    async def _keep_call(self, call: str, form: Form) -> None:
        try:
            await self._durable.written(self._reception.note_call(call, dict(form)))
        except Exception as error:
            self._log.warning("what was posted about a call is not kept: %s", type(error).__name__)


def _read_form(body: bytes) -> Form:
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # no UTF-8, or too many fields
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    return ImmutableMultiDict(fields)


def _twiml(answer: object, background: BackgroundTask | None = None) -> Response:
    return Response(str(answer), media_type="application/xml", background=background)
