"""The command line: one group, and a small module for each of its commands."""

from __future__ import annotations

import click

from textback import __version__
from textback.cli.backtest import backtest
from textback.cli.calls import calls
from textback.cli.check import check
from textback.cli.contacts import contacts
from textback.cli.db import db
from textback.cli.demo import demo
from textback.cli.dialplan import dialplan
from textback.cli.doctor import doctor
from textback.cli.faults import Commands
from textback.cli.init import init
from textback.cli.messages import messages
from textback.cli.optout import optout
from textback.cli.practice import practice
from textback.cli.purging import purge
from textback.cli.replay import replay
from textback.cli.run import run
from textback.cli.send_test import send_test
from textback.cli.settings import config_option
from textback.cli.user import user
from textback.cli.webhook import webhook


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="textback")
@config_option
def cli() -> None:
    """Texts the callers whom an on-prem PBX would otherwise lose.

    \b
    To see it work, without a PBX:  textback demo
    To begin in earnest:            textback init
    """


for _command in (
    init, demo, run, check, doctor, replay, backtest, db, practice, calls, messages, contacts, optout, webhook, user,
    dialplan, purge,
    send_test,
):  # fmt: skip
    cli.add_command(_command)
