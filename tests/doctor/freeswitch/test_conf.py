from __future__ import annotations

from pathlib import Path

from textback.doctor.freeswitch.conf import Conf, read_conf
from textback.doctor.freeswitch.files import examine_files

from ..house import failures

ROOT = """\
<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan">
    <X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
  </section>
</document>
"""


def folder(path: Path, **files: str) -> Path:
    """A folder of configuration; names with a double underscore for a folder, without .xml."""
    for name, text in {"freeswitch": ROOT, "vars": "<include/>", **files}.items():
        file = path / f"{name.replace('__', '/')}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def read(path: Path, **files: str) -> Conf:
    return read_conf(folder(path, **files))


def test_includes_start_where_their_own_file_lies_and_variables_are_filled(tmp_path: Path) -> None:
    conf = read(
        tmp_path,
        vars='<include>\n<X-PRE-PROCESS cmd="set" data="dir = /sounds"/>\n</include>',
        autoload_configs__callcenter='<configuration name="callcenter.conf">\n'
        '<X-PRE-PROCESS cmd="include" data="../more/*.xml"/>\n</configuration>',
        more__a='<param name="a" value="$${dir}/$${unknown}"/>',
        more__b='<param name="b" value="c"/>',
    )
    found = conf.configurations["callcenter.conf"].children
    assert [(node.get("name"), node.get("value"), node.file) for node in found] == [
        ("a", "/sounds/$${unknown}", "more/a.xml"), ("b", "c", "more/b.xml"),
    ]  # fmt: skip
    assert found[0].source == '<param name="a" value="$${dir}/$${unknown}"/>'
    assert (conf.faults, conf.odd, conf.unread) == ([], [], {})


def test_the_first_context_of_a_name_counts(tmp_path: Path) -> None:
    conf = read(tmp_path, dialplan__a='<context name="x"/>', dialplan__b='<context name="x"/>')
    assert (conf.contexts["x"].file, conf.again[0].file) == ("dialplan/a.xml", "dialplan/b.xml")


def test_a_file_that_cannot_be_read_is_told_and_the_others_count(tmp_path: Path) -> None:
    conf = read(tmp_path, dialplan__a='<context name="x">\n<extension>\n</context>', dialplan__b='<context name="y"/>')
    (fault,) = conf.faults
    assert (fault.file, fault.line, list(conf.contexts)) == ("dialplan/a.xml", 3, ["y"])
    (finding,) = failures(examine_files("main", conf))
    assert "dialplan/a.xml, line 3" in finding.message and "does not start again" in finding.message


def test_a_file_that_includes_itself_comes_to_an_end(tmp_path: Path) -> None:
    conf = read(tmp_path, dialplan__a='<X-PRE-PROCESS cmd="include" data="a.xml"/>\n<context name="x"/>')
    assert list(conf.contexts) == ["x"]


def test_a_commented_include_is_followed_and_a_comment_in_it_is_the_end(tmp_path: Path) -> None:
    line = '<X-PRE-PROCESS cmd="include" data="../more/a.xml"/>'
    conf = read(tmp_path, dialplan__a=f'<context name="x"/>\n<!--\n{line}\n-->', more__a="<!-- a --><b/>")
    (fault,) = conf.faults
    assert (fault.line, fault.text) == (3, line) and "X-NO-PRE-PROCESS" in fault.why


def test_no_secret_of_a_broken_line_is_shown(tmp_path: Path) -> None:
    conf = read(tmp_path, autoload_configs__event_socket='<a><param name="password" value="hush"></a>')
    (finding,) = failures(examine_files("main", conf))
    assert "hush" not in repr(finding) and "change-me" in finding.lines[0]


def test_a_folder_of_something_else_is_told(tmp_path: Path) -> None:
    (finding,) = examine_files("main", read_conf(tmp_path))
    assert finding.status == "skipped" and "no freeswitch.xml" in finding.message
