"""FreeSWITCH's configuration as a whole: from the files of its folder, as its preprocessor puts them together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textback.doctor.freeswitch.lines import Oddity, as_read
from textback.doctor.freeswitch.tags import COMMENTED, Node, TagError, read_tags

FIRST = "freeswitch.xml"
_VARIABLE = re.compile(r"\$\$\{([^}]*)\}")
#: files within files
_DEEPEST = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """What FreeSWITCH cannot read; then it loads nothing of all its configuration."""

    file: str
    line: int
    why: str
    text: str


@dataclass(slots=True)
class Conf:
    """``configurations`` and ``contexts`` by name, the first of a name, as that counts; ``again``: the others.

    ``odd``: lines that FreeSWITCH reads otherwise than they look.
    ``folder``: where it was read; None if the PBX told it. ``unread``: files that we may not read, with the reason.
    """

    folder: Path | None = None
    configurations: dict[str, Node] = field(default_factory=dict)
    contexts: dict[str, Node] = field(default_factory=dict)
    again: list[Node] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    odd: list[Oddity] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """One configuration, or one context of the dialplan."""
        place = self.contexts if node.tag == "context" else self.configurations
        if node.get("name") in place:
            self.again.append(node)
        else:
            place[node.get("name")] = node

    def settings(self, name: str) -> Node | None:
        """The settings of a configuration such as ``event_socket.conf``."""
        found = self.configurations.get(name)
        return found.first("settings") if found else None

    def file_of(self, name: str) -> str:
        """Where a configuration stands, or usually does."""
        found = self.configurations.get(name)
        return found.file if found and found.file else f"autoload_configs/{name}.xml"


def read_conf(folder: Path, variables: Mapping[str, str] | None = None) -> Conf:
    """What there is in the folder; ``variables``: FreeSWITCH's own, where it told them. Never raises."""
    conf = Conf(folder, variables={"conf_dir": str(folder), **(variables or {})})
    for document in _Reading(conf).file(folder / FIRST):
        for section in document.walk():
            if section.tag == "section" and section.get("name") == "configuration":
                _take(conf, section.of("configuration"))
            elif section.tag == "section" and section.get("name") == "dialplan":
                _take(conf, section.of("context"))
    return conf


def _take(conf: Conf, nodes: Iterable[Node]) -> None:
    for node in nodes:
        conf.add(node)


class _Reading:
    """Follows ``X-PRE-PROCESS`` as FreeSWITCH does (switch_xml.c): an include starts where its own file lies."""

    def __init__(self, conf: Conf) -> None:
        self._conf = conf
        self._depth = 0

    def file(self, path: Path) -> Iterator[Node]:
        """The elements of one file, and of those that it includes."""
        name = self._name(path)
        try:
            text = path.read_text("utf-8", "replace")
            read, odd = as_read(text, name)
            self._conf.odd += odd
            tags = read_tags(read, name)
        except OSError as error:
            self._conf.unread[name] = (error.strerror or type(error).__name__).lower()
            return
        except TagError as error:
            line = text.splitlines()[error.line - 1].strip() if text else ""
            self._conf.faults.append(Fault(name, error.line, error.why, line))
            return
        self._depth += 1
        if self._depth <= _DEEPEST:
            yield from self._elements(tags, path.parent)
        self._depth -= 1

    def _elements(self, node: Node, folder: Path) -> Iterator[Node]:
        for child in node.children:
            if child.tag.lower() == "x-pre-process":
                yield from self._command(child, folder)
            elif child.tag == COMMENTED:
                self._commented(child, folder)
            else:
                child.attributes = {name: self._filled(value) for name, value in child.attributes.items()}
                child.children = list(self._elements(child, folder))
                yield child

    def _command(self, node: Node, folder: Path) -> Iterator[Node]:
        """``exec`` and what else asks somebody is not followed: what it sets stays unknown."""
        command, data = node.get("cmd").lower(), self._filled(node.get("data"))
        if command == "set":
            self._set(data)
        elif command == "include":
            for path in _paths(folder, data):
                yield from self.file(path)

    def _set(self, data: str) -> None:
        name, _, value = data.partition("=")
        self._conf.variables[name.strip()] = value.strip().strip("'\"")

    def _commented(self, node: Node, folder: Path) -> None:
        """Followed all the same: a file with a comment of its own ends the one in which it is included."""
        if node.get("cmd").lower() == "set":
            self._set(self._filled(node.get("data")))
        elif node.get("cmd").lower() == "include":
            paths = _paths(folder, self._filled(node.get("data")))
            if any("-->" in _text(path) for path in paths):
                why = "FreeSWITCH follows this in a comment, too, which ends where one ends in that file"
                self._conf.faults.append(Fault(node.file, node.line, f"{why}: write X-NO-PRE-PROCESS", node.source))

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: self._conf.variables.get(found[1], found[0]), text)

    def _name(self, path: Path) -> str:
        """As it is told to a person: below the folder, if it is."""
        assert self._conf.folder is not None
        resolved, base = path.resolve(), self._conf.folder.resolve()
        return str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(resolved)


def _paths(folder: Path, pattern: str) -> list[Path]:
    try:
        if pattern.startswith("/"):
            return sorted(Path("/").glob(pattern[1:]))
        return sorted(folder.glob(pattern)) if ".." not in pattern else _above(folder, pattern)
    except (ValueError, NotImplementedError, OSError):
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _above(folder: Path, pattern: str) -> list[Path]:
    """``../textback/callcenter.xml``, which no glob of Python goes."""
    while pattern.startswith("../"):
        folder, pattern = folder.parent, pattern[3:]
    return sorted(folder.glob(pattern))
