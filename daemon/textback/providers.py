"""Builds the provider that the configuration names."""

from __future__ import annotations

from textback.clock import Clock, system_clock
from textback.config import Config
from textback.sms import Provider
from textback.sms.console import Console
from textback.sms.twilio import Twilio
from textback.web.twilio import STATUS


def provider_of(config: Config, clock: Clock = system_clock) -> Provider:
    """The configured way to send texts."""
    sms = config.sms
    if sms.provider == "twilio" and sms.twilio is not None:
        twilio = sms.twilio
        return Twilio(
            twilio.account_sid,
            twilio.auth_token.get_secret_value(),
            api_base=twilio.api_base,
            timeout=twilio.timeout,
            status_callback=_status_callback(config),
            answers_stop=twilio.answers_stop,
            clock=clock,
        )
    return Console()


def _status_callback(config: Config) -> str | None:
    """Where Twilio can tell what became of a text; None where it could not reach us."""
    webhooks = config.webhooks
    if config.sms.inbound != "webhook" or webhooks is None or webhooks.public_url is None:
        return None
    return f"{webhooks.public_url}{STATUS}"
