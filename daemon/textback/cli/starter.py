"""The two files that ``textback init`` writes, with a word on each line that may want a change, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textback.cli.system import System, command
from textback.cli.toml import entry

DAYS = ("mon", "tue", "wed", "thu", "fri")
#: what the PBX has to let in, by its kind
LETS_IN = {"asterisk": """\
1. In manager.conf of {pbx} (mostly /etc/asterisk/manager.conf), and then `asterisk -rx "manager reload"`:

     [general](+)
     channelvars = CALLERID(pres)          ; tells who hides the number, once Asterisk was restarted

     [{user}]
     secret = what stands in {secret}
     deny = 0.0.0.0/0.0.0.0
     permit = {permit}
     read = system,call,agent,dtmf,dialplan
     write = call,agent,reporting
     eventfilter = ^Event: ([^NV]|New[^e])
     eventfilter = ^Event: VarSet.*Variable: (QUEUESTATUS|DIALSTATUS|VMSTATUS)
     eventfilter = ^Event: Newexten.*Application: (Queue|VoiceMail)
""", "freeswitch": """\
1. In event_socket.conf.xml of {pbx} (mostly /etc/freeswitch/autoload_configs), last in <settings>, and then
   `fs_cli -x "reload mod_event_socket"`; or put the password that stands there already into {secret}:

     <param name="listen-ip" value="{listen}"/>
     <param name="listen-port" value="{port}"/>
     <param name="password" value="what stands in {secret}"/>
     <param name="apply-inbound-acl" value="{permit}"/>
"""}  # fmt: skip
WRITTEN = """\
Written: {files}

Next:
{lets_in}
"""
NEXT = """\
2. Read {practice}: hours, messages. It is in test mode: only test_numbers get texts.
3. textback --config {config} check --practice {practice}
4. textback --config {config} db upgrade
5. textback --config {config} practice apply {practice}
6. textback --config {config} run
7. textback --config {config} doctor        (it says what is missing still, and which lines mend it)

For a key that callers press on hold, and for the offer of a text: [call_to_text] in {practice}, [{hooks}] in
{config}, and in the PBX what this prints:
   textback --config {config} dialplan show
"""
#: the same where it is to run as a service
NEXT_OF_SYSTEM = """\
2. Read {practice}: hours, messages. It is in test mode: only test_numbers get texts.
3. systemd-sysusers && systemd-tmpfiles --create
     makes the user textback, and lets it read what is written here
4. runuser -u textback -- {program} db upgrade
5. runuser -u textback -- {program} check --practice {practice}
6. runuser -u textback -- {program} practice apply {practice}
7. systemctl daemon-reload && systemctl enable --now textback
8. runuser -u textback -- {program} doctor        (it says what is missing still, and which lines mend it)

After a change in {config}: systemctl reload textback; `systemctl status textback` says if there is a
mistake in it. Staff read the pages once they have an account:
   runuser -u textback -- {program} user add NAME --role admin

For a key that callers press on hold, and for the offer of a text: [call_to_text] in {practice}, [{hooks}] in
{config}, and in the PBX what this prints:
   runuser -u textback -- {program} dialplan show
"""


#: what the dialplan asks, by the kind of PBX: the table in textback.toml, and where it listens by default
HOOKS = {"asterisk": ("agi", "127.0.0.1:4573"), "freeswitch": ("esl", "127.0.0.1:8084")}


def _username(answers: Mapping[str, Any]) -> str:
    """The line for the user of an Asterisk's AMI; the event socket knows none."""
    return entry("username", answers["pbx_user"]) + "\n" if answers["pbx_kind"] == "asterisk" else ""


def config_text(answers: Mapping[str, Any]) -> str:
    """textback.toml."""
    hooks, listen = HOOKS[answers["pbx_kind"]]
    return f"""\
# How to reach things. What the practice wants is in practice.toml.

[database]
{entry("url", f"sqlite:///{answers['database']}")}

[[pbx]]
{entry("name", answers["pbx_name"])}
{entry("kind", answers["pbx_kind"])}
{entry("host", answers["pbx_host"])}
{entry("port", answers["pbx_port"])}
{_username(answers)}{entry("secret_file", answers["pbx_secret_file"])}
# channels whose far end is outside, and the dialplan contexts where callers arrive (none: any)
{entry("trunks", list(answers["trunks"]))}
{entry("inbound_contexts", list(answers["contexts"]))}

[sms]
# "console" prints the texts instead of sending them; "twilio" sends them, with the table below
provider = "console"

# [sms.twilio]
# account_sid = "AC00000000000000000000000000000000"
# {entry("auth_token_file", answers["twilio_token_file"])}

# [{hooks}]
# listen = "{listen}"             # what the dialplan asks, for callers who press a key on hold

# [webhooks]
# listen = "127.0.0.1:8081"             # what Twilio posts, and call-centre software
# public_url = "https://text.example.org"

[log]
level = "info"
format = "text"
"""


#: The end of practice.toml: what is the same for everybody who begins.
FLOWS = """\
# callers on hold who press a key; the PBX needs what `textback dialplan show` prints
[call_to_text]
enabled = false
after = "30s"
key = "5"
# announce: the queue offers it; redirect, whisper: textback does; none
offer = "announce"
# hangup: the call ends; stay: the caller keeps waiting
after_text = "hangup"
message = { en = "This is {practice}, we apologize for the hold, how can we help?" }

[abandoned]
enabled = true
min_hold = "5s"
message = { en = "This is {practice}. It looks like we got disconnected. How can we help you today?" }

[missed.during_hours]
enabled = true
message = { en = "Sorry we missed your call to {practice}. Reply here and we'll help you by text." }

[missed.outside_hours]
enabled = true
message = { en = "{practice} is closed right now. Reply here and we'll answer when we open." }

[guards]
# no second automatic text within this time, and none if they call again while it settles
cooldown = "4h"
settle = "15s"
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
{entry("dids", list(answers["dids"]))}

[hours]
{week}

{FLOWS}"""


def next_steps(
    answers: Mapping[str, Any], config: Path, practice: Path, written: Iterable[Path], server: System | None = None
) -> str:
    """What was written, and what is left to do; ``server``: on which it is to run as a service."""
    kind, local = answers["pbx_kind"], answers["pbx_host"] in ("127.0.0.1", "localhost", "::1")
    mask = "255.255.255.255" if kind == "asterisk" else "32"
    lets_in = LETS_IN[kind].format(
        pbx=answers["pbx_host"],
        user=answers["pbx_user"],
        port=answers["pbx_port"],
        secret=answers["pbx_secret_file"],
        listen="127.0.0.1" if local else "0.0.0.0",
        permit=f"127.0.0.1/{mask}" if local else f"the address of this computer/{mask}",
    )
    paths: dict[str, Path | str] = {"config": config, "practice": practice}
    if server:
        paths = {"config": server.seen(config), "practice": server.seen(practice), "program": command()}
    steps = WRITTEN + (NEXT_OF_SYSTEM if server else NEXT)
    return steps.format(files=", ".join(map(str, written)), lets_in=lets_in, hooks=HOOKS[kind][0], **paths)
