from __future__ import annotations

import os

import pytest

from textback.doctor.asterisk.files import examine_files
from textback.doctor.finding import SHELL, Finding

from ..house import QUEUES, House, failures, statuses


def examine(home: House) -> list[Finding]:
    return list(examine_files("main", home.etc))


def test_files_that_are_read_to_their_ends_are_right(home: House) -> None:
    assert statuses(examine(home)) == {"main/files": "ok"}


def test_what_costs_the_rest_of_an_included_file_is_put_out_of_the_way(home: House) -> None:
    home.write("queues.conf", QUEUES + '#include "queues-textback.conf"\n')
    home.write("queues-textback.conf", "[gone](+)\ncontext = textback-keys\n")
    (finding,) = failures(examine(home))
    assert "queues-textback.conf, line 1" in finding.message and "the rest of that file" in finding.message
    assert (finding.replaces, finding.lines) == (("[gone](+)",), ("[gone](!)",))
    home.write("queues-textback.conf", "[gone](!)\ncontext = textback-keys\n")
    assert failures(examine(home)) == []


def test_an_include_of_nothing_costs_the_whole_file(home: House) -> None:
    home.write("queues.conf", QUEUES + '#include "gone.conf"\n')
    (finding,) = failures(examine(home))
    assert "nothing of queues.conf is loaded" in finding.message
    assert finding.lines == ('#tryinclude "gone.conf"',)


def freepbx(home: House, **files: str) -> None:
    """The files as FreePBX 16 includes them."""
    includes = ("queues_general_additional", "queues_custom_general", "queues_custom", "queues_additional")
    every = (*includes, "queues_post_custom")
    home.write("extensions_additional.conf", "")
    home.write("extensions.conf", "#include extensions_additional.conf\n")
    home.write("queues.conf", "[general]\n" + "".join(f"#include {name}.conf\n" for name in every))
    for name in every:
        home.write(f"{name}.conf", files.get(name, ""))


def test_in_freepbx_a_queue_cannot_be_added_to_before_it_is_written(home: House) -> None:
    added = "[600](+)\ncontext = textback-keys\n"
    freepbx(home, queues_additional="[600]\ncontext =\n", queues_custom=added)
    (finding,) = failures(examine(home))
    assert finding.file == "queues_post_custom.conf" and "move this section" in finding.message
    freepbx(home, queues_additional="[600]\ncontext =\n", queues_post_custom=added)
    assert failures(examine(home)) == []


def test_what_freepbx_writes_anew_is_no_place_for_our_lines(home: House) -> None:
    freepbx(home, queues_additional="[600]\ncontext = textback-keys\n")
    (finding,) = failures(examine(home))
    assert finding.check == "main/freepbx" and finding.file == "queues_post_custom.conf"
    assert finding.lines == ("context = textback-keys",)


def test_a_secret_in_a_line_that_is_wrong_is_not_shown(home: House) -> None:
    home.write("manager.conf", "secret = hush-hush\n[tb]\n")
    (finding,) = failures(examine(home))
    assert "hush" not in repr(finding) and finding.lines == (";secret = change-me",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_asterisk_may_not_read_is_found(home: House) -> None:
    etc = home.folder / "etc"
    for file in etc.iterdir():
        os.chown(file, 65534, 65534)
    ours = etc / "extensions-textback.conf"
    os.chown(ours, 0, 0)
    ours.chmod(0o600)
    (finding,) = failures(examine(home))
    assert finding.file == SHELL and str(ours) in finding.lines[0]
    ours.chmod(0o644)
    assert failures(examine(home)) == []


def test_a_folder_without_files_is_not_taken_for_one_that_is_right(home: House) -> None:
    for name in ("manager.conf", "extensions.conf", "queues.conf"):
        (home.folder / "etc" / name).unlink()
    assert statuses(examine(home)) == {"main/files": "skipped"}
