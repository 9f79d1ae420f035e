from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from textback.doctor.finding import Finding

from .told import House

CONF = "xml_locate configuration configuration name json_cdr.conf"


def cdr(told: House) -> Finding:
    return [one for one in asyncio.run(told.findings()) if one.check == "main/cdr"][-1]


def test_without_a_folder_what_ends_unseen_is_lost(told: House) -> None:
    told.toml = "\n".join(line for line in told.toml.splitlines() if not line.startswith("cdr"))
    finding = cdr(told)
    assert (finding.status, finding.lines) == ("warning", (f'cdr = "{told.folder}/cdr"',))


def test_a_folder_that_is_not_there_and_one_that_is_a_file_are_told(told: House) -> None:
    (told.folder / "cdr").rmdir()
    assert "is not there" in cdr(told).message
    (told.folder / "cdr").write_text("")
    assert "is a file" in cdr(told).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(told: House) -> None:
    (told.folder / "cdr").chmod(0)
    assert cdr(told).lines == ("usermod -aG freeswitch textback",)


def test_records_that_are_only_posted_are_told(told: House) -> None:
    told.change(CONF, "<settings>", '<settings><param name="url" value="http://x"></param>')
    assert cdr(told).lines == ('<param name="log-http-and-disk" value="true"/>',)
    told.answers[CONF] = told.answers[CONF].replace('disk" value="false"', 'disk" value="true"')
    assert cdr(told).status == "ok"


def test_a_relative_folder_is_below_that_of_the_logs(told: House, tmp_path: Path) -> None:
    told.change(CONF, str(told.folder / "cdr"), "mine")
    assert cdr(told).lines == ('cdr = "/var/log/freeswitch/mine"',)
