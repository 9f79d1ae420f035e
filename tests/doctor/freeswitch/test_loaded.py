from __future__ import annotations

from textback.doctor.freeswitch.conf import Conf
from textback.doctor.freeswitch.loaded import examine_loaded, together
from textback.doctor.freeswitch.tags import read_tags


def conf(*contexts: str, file: str = "") -> Conf:
    found = Conf()
    for text in contexts:
        found.add(read_tags(text, file).children[0])
    return found


def context(name: str, data: str) -> str:
    return f'<context name="{name}"><extension name="a"><action application="set" data="{data}"/></extension></context>'


def test_what_runs_as_it_is_written_is_nothing_to_speak_of() -> None:
    both = context("public", "a=1")
    assert list(examine_loaded("main", conf(both), conf(both))) == []


def test_what_is_unknown_here_is_no_difference() -> None:
    assert list(examine_loaded("main", conf(context("public", "a=$${b}")), conf(context("public", "a=1")))) == []


def test_ours_has_to_be_loaded_and_of_the_rest_it_is_told() -> None:
    written = conf(context("textback", "a=1"), context("public", "a=1"))
    (finding,) = examine_loaded("main", written, conf(context("public", "a=1")))
    assert (finding.status, finding.lines) == ("failed", ("fs_cli -x reloadxml",))
    (finding,) = examine_loaded("main", written, conf(context("textback", "a=1"), context("public", "a=2")))
    assert finding.status == "warning" and "about public" in finding.message


def test_what_comes_from_a_database_is_no_difference_and_counts() -> None:
    written, told = conf(context("public", "a=1"), file="dialplan/public.xml"), conf(context("fusion", "a=1"))
    assert list(examine_loaded("main", written, told)) == []
    both = together(written, told)
    assert set(both.contexts) == {"public", "fusion"} and both.contexts["public"].file == "dialplan/public.xml"


def test_what_runs_counts_where_the_files_say_otherwise() -> None:
    both = together(conf(context("public", "a=1"), file="x"), conf(context("public", "a=2")))
    assert both.contexts["public"].file == ""
