"""The tables of textback.toml, each with its defaults: how the daemon reaches things."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from textback.config.kinds import (
    DAY,
    AccountSid,
    Address,
    Age,
    DatabaseUrl,
    FilePath,
    Listen,
    LongAge,
    MetricsToken,
    Networks,
    PbxName,
    Port,
    PublicUrl,
    Secret,
    TimeOfDay,
    usual_port,
)
from textback.config.telling import Mail, Notify
from textback.fields import ChannelLanguage, Count, Duration, Flag, OneLine, Section
from textback.practice.telling import Ways


class Database(Section):
    """[database]; the URL may hold a password."""

    url: DatabaseUrl = Field(default="sqlite:///textback.db", repr=False)


class Http(Section):
    """[http]: pages for staff, health, metrics; ``metrics_token``: what a scrape from elsewhere must bring."""

    listen: Listen = Address("127.0.0.1", 8080)
    public_url: PublicUrl | None = None
    secret: Secret | None = None
    metrics_token: MetricsToken | None = None


class Webhooks(Section):
    """[webhooks]: the only listener that a proxy needs to publish."""

    listen: Listen = Address("127.0.0.1", 8081)
    public_url: PublicUrl | None = None


class Agi(Section):
    """[agi]: FastAGI hooks for Asterisk; ``allow`` names the callers where others could reach it."""

    listen: Listen = Address("127.0.0.1", 4573)
    allow: Networks = ()


class Esl(Section):
    """[esl]: the same hooks for FreeSWITCH, by outbound event socket."""

    listen: Listen = Address("127.0.0.1", 8084)
    allow: Networks = ()


class Pbx(Section):
    """[[pbx]]: one Asterisk (AMI) or FreeSWITCH (ESL); ``language`` is the one its channels have by default."""

    name: PbxName = ""
    kind: Literal["asterisk", "freeswitch"] = "asterisk"
    host: OneLine = "127.0.0.1"
    port: Annotated[Port, BeforeValidator(usual_port)] = Field(default=None, validate_default=True)
    username: OneLine | None = None
    secret: Secret = SecretStr("")
    trunks: tuple[OneLine, ...] = ()
    inbound_contexts: tuple[OneLine, ...] = ()
    tls: Flag = False
    tls_ca: FilePath | None = None
    queue_log: FilePath | None = None
    cdr: FilePath | None = Field(default=None, repr=False)
    language: ChannelLanguage = "en"


class Twilio(Section):
    """[sms.twilio]; ``timeout`` in seconds, for a whole request.

    ``lookup``: ask what a number is connected to before it is texted, which costs; ``answers_stop``: Twilio itself
    answers the opt-out words of its own list, as it does unless its support has switched that off.
    """

    account_sid: AccountSid = ""
    auth_token: Secret = SecretStr("")
    api_base: PublicUrl | None = None
    timeout: Duration = 15.0
    lookup: Flag = False
    answers_stop: Flag = True


class Sms(Section):
    """[sms]: the provider; ``rate`` in segments per second, ``per_day`` in segments, 0 for no limit.

    ``poll``: seconds between two fetches where ``inbound`` is ``poll``.
    """

    provider: Literal["console", "twilio"] = "console"
    rate: Annotated[float, Field(strict=True, gt=0, le=1000, allow_inf_nan=False)] = 1.0
    per_day: Count = 0
    price_per_segment: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0
    inbound: Literal["webhook", "poll"] = "webhook"
    poll: Annotated[Duration, Field(ge=1.0)] = 10.0
    twilio: Twilio | None = None


class Log(Section):
    """[log]"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    log_numbers: Flag = False


class Retention(Section):
    """[retention]: for how long what is kept, in seconds; None: for ever. ``at``: minutes after midnight.

    ``calls`` and ``messages`` are no shorter than the reports look back; ``raw``: what the provider posted.
    """

    calls: LongAge | None = None
    messages: LongAge | None = None
    raw: Age = 30 * DAY
    audit: Age | None = None
    at: TimeOfDay = 3 * 60 + 30


class Config(Section):
    """textback.toml; a listener whose table is missing is not opened, but for the pages."""

    database: Database = Database()
    http: Http = Http()
    webhooks: Webhooks | None = None
    agi: Agi | None = None
    esl: Esl | None = None
    pbx: tuple[Pbx, ...] = ()
    sms: Sms = Sms()
    mail: Mail | None = None
    notify: Notify = Notify()
    log: Log = Log()
    retention: Retention = Retention()

    @property
    def ways(self) -> Ways:
        """By which ways staff can be told of a reply."""
        return Ways(self.mail is not None, self.notify.signing_key is not None, self.notify.allow_private)
