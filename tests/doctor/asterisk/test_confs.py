from __future__ import annotations

from pathlib import Path

import pytest

from textback.doctor.asterisk.confs import Conf, read_conf


def read(folder: Path, **files: str) -> Conf:
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)
    conf = read_conf(folder, "main.conf")
    assert conf is not None
    return conf


def values(conf: Conf, section: str) -> list[tuple[str, str]]:
    return [(entry.name, entry.value) for entry in conf.sections[section]]


def test_comments_of_both_kinds_count_for_nothing_and_an_escaped_semicolon_does(tmp_path: Path) -> None:
    text = "[a] ; b\nx = 1 ; one\n;-- [b]\ny = 2\n--;z => 3\\;4\n;y = 5\n;--- no block\nw = 6\n"
    assert values(read(tmp_path, main=text), "a") == [("x", "1"), ("z", "3;4"), ("w", "6")]


def test_a_section_takes_what_its_templates_have_and_additions_come_behind_it(tmp_path: Path) -> None:
    text = "[base](!)\nx = 1\n[a](base)\ny = 2\n[a](+)\nx = 3\n[b]\nx = 4\n"
    conf = read(tmp_path, main=text)
    assert values(conf, "a") == [("x", "1"), ("y", "2"), ("x", "3")]
    assert (conf.value("a", "x"), conf.value("b", "x"), conf.value("b", "y")) == ("3", "4", None)
    assert conf.templates == {"base"}


def test_a_second_general_is_read_only_where_it_is_an_addition(tmp_path: Path) -> None:
    """Measured on 22.10: channelvars in a second [general] of manager.conf is as if it were not there."""
    text = "[general]\nenabled = yes\n[a]\nx = 1\n[general]{}\nchannelvars = CALLERID(pres)\n[b]\ny = 2\n"
    second, addition = (read(tmp_path, main=text.format(plus)) for plus in ("", "(+)"))
    assert (second.value("general", "channelvars"), second.value("b", "y")) == (None, "2")
    assert addition.value("general", "channelvars") == "CALLERID(pres)"


def test_what_is_included_belongs_to_the_file_and_knows_where_it_stands(tmp_path: Path) -> None:
    conf = read(tmp_path, main='[a]\n#include "more.conf"\n', more="[b]\n\n  x = 1\n")
    entry = conf.last("b", "x")
    assert entry and (entry.file, entry.number, entry.line) == ("more.conf", 3, "  x = 1")
    assert conf.read == ["main.conf", "more.conf"] and not conf.faults


def test_an_include_may_be_a_pattern_and_one_that_is_only_tried_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/1.conf").write_text("[one]\n")
    (tmp_path / "d/2.conf").write_text("[two]\n")
    conf = read(tmp_path, main="#include d/*.conf\n#tryinclude <gone.conf>\n#exec rm -rf /\n[c]\n")
    assert list(conf.sections) == ["one", "two", "c"] and not conf.faults


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[gone](+)", "it adds to [gone]"),
        ("[b](gone)", "there is no template [gone]"),
        ("[b", "the bracket is not closed"),
        ('#include "gone.conf"', "there is no file gone.conf"),
    ],
)
def test_what_asterisk_stumbles_over_costs_the_rest_of_an_included_file(tmp_path: Path, line: str, why: str) -> None:
    conf = read(tmp_path, main='#include "more.conf"\n[after]\n', more=f"[first]\n{line}\n[second]\n")
    (fault,) = conf.faults
    assert (fault.file, fault.number, fault.whole) == ("more.conf", 2, False) and why in fault.why
    assert list(conf.sections) == ["first", "after"]


def test_in_the_file_itself_it_costs_all_of_it(tmp_path: Path) -> None:
    conf = read(tmp_path, main='[a]\n#include "gone.conf"\n[b](+)\n')
    assert [(fault.number, fault.whole) for fault in conf.faults] == [(2, True), (3, True)]


def test_a_file_that_includes_itself_comes_to_an_end(tmp_path: Path) -> None:
    conf = read(tmp_path, main='[a]\nx = 1\n#include "main.conf"\n')
    assert 1 < len(conf.read) <= 10


def test_a_byte_order_mark_and_bytes_that_are_no_utf_8_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_bytes(b"\xef\xbb\xbf[a]\r\nname = Zo\xeb\r\n")
    conf = read_conf(tmp_path, "main.conf")
    assert conf and conf.value("a", "name") == "Zo\ufffd" and not conf.faults


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_conf(tmp_path, "gone.conf") is None
