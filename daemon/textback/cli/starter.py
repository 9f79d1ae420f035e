"""The two files that ``textback init`` writes, with a word on each line that may want a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textback.cli.toml import entry

DAYS = ("mon", "tue", "wed", "thu", "fri")


def config_text(answers: Mapping[str, Any]) -> str:
    """textback.toml."""
    return f"""\
# How to reach things. What the practice wants is in practice.toml.

[database]
{entry("url", f"sqlite:///{answers['database']}")}

[[pbx]]
{entry("name", answers["pbx_name"])}
kind = "asterisk"
{entry("host", answers["pbx_host"])}
{entry("port", answers["pbx_port"])}
{entry("username", answers["pbx_user"])}
{entry("secret_file", answers["pbx_secret_file"])}
# channels whose far end is outside, and the dialplan contexts where callers arrive (none: any)
{entry("trunks", list(answers["trunks"]))}
{entry("inbound_contexts", list(answers["contexts"]))}

[sms]
# "console" prints the texts instead of sending them; "twilio" sends them, with the table below
provider = "console"

# [sms.twilio]
# account_sid = "AC00000000000000000000000000000000"
# auth_token_file = "twilio-token"

[log]
level = "info"
format = "text"
"""


def practice_text(answers: Mapping[str, Any]) -> str:
    """practice.toml."""
    week = "\n".join(entry(day, ["08:00-12:00", "13:00-17:00"]) for day in DAYS)
    return f"""\
# What the practice wants. Load with: textback practice apply practice.toml

[practice]
{entry("name", answers["practice_name"])}
{entry("timezone", answers["timezone"])}
{entry("region", answers["region"])}
language = "en"
# takes the calls that no queue and no dialled number assigns
default = true
# "test": only test_numbers get texts; "live": every caller
mode = "test"
{entry("test_numbers", list(answers["test_numbers"]))}

[[line]]
name = "Front desk"
{entry("number", answers["number"])}
{entry("queues", list(answers["queues"]))}
dids = []

[hours]
{week}

[abandoned]
enabled = true
min_hold = "5s"
message = {{ en = "This is {{practice}}. It looks like we got disconnected. How can we help you today?" }}

[missed.during_hours]
enabled = true
message = {{ en = "Sorry we missed your call to {{practice}}. Reply here and we'll help you by text." }}

[missed.outside_hours]
enabled = true
message = {{ en = "{{practice}} is closed right now. Reply here and we'll answer when we open." }}

[guards]
# no second automatic text within this time, and none if they call again while it settles
cooldown = "4h"
settle = "15s"
"""
