from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.pbx.records.fusionpbx import Fusionpbx
from textback.clock import system_clock
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


def with_database(told: House) -> tuple[House, str]:
    """``cdr`` names a database of FusionPBX with no calls yet."""
    url = f"sqlite:///{told.folder}/fusionpbx.db"
    told.toml = "\n".join(f'cdr = "{url}"' if line.startswith("cdr") else line for line in told.toml.splitlines())
    return told, url


def test_a_database_that_is_not_fusionpbx_is_told(told: House) -> None:
    told, url = with_database(told)
    assert "there is no such file" in cdr(told).message
    Fusionpbx(url, beside=True, within=False).engine.dispose()
    assert (cdr(told).status, cdr(told).message.endswith("can be read")) == ("ok", True)


def test_a_database_without_documents_says_which_settings_are_wrong(told: House) -> None:
    told, url = with_database(told)
    made = Fusionpbx(url, beside=True, within=False)
    made.add(None, ended=system_clock())
    finding = cdr(told)
    assert (finding.status, finding.lines) == ("failed", ("format = json", "storage = db"))
    made.engine.dispose()


def test_what_writes_for_a_database_is_another_module(told: House) -> None:
    told, _ = with_database(told)
    [missing] = [one for one in asyncio.run(told.findings()) if "mod_xml_cdr" in one.message]
    assert (missing.status, missing.lines) == ("failed", ('<load module="mod_xml_cdr"/>',))


def test_a_relative_folder_is_below_that_of_the_logs(told: House, tmp_path: Path) -> None:
    told.change(CONF, str(told.folder / "cdr"), "mine")
    assert cdr(told).lines == ('cdr = "/var/log/freeswitch/mine"',)
