"""FreeSWITCH's XML as FreeSWITCH reads it, which takes more than XML is, with the place of each element in its file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_TOKEN = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<!DOCTYPE[^>]*>"
    r"|</\s*(?P<end>[^\s<>]+)\s*>"
    r"|<(?P<tag>[A-Za-z_][^\s<>/]*)(?P<rest>(?:[^<>\"'/]|/(?!>)|\"[^\"]*\"|'[^']*')*)(?P<empty>/?)>"
    r"|(?P<torn><\S*)",
    re.DOTALL,
)
#: what FreeSWITCH follows wherever it stands, in comments, too
_COMMAND = re.compile(r"<x-pre-process\b(?:\"[^\"]*\"|[^<>\"])*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s*([^\s=<>"']+)\s*=\s*("[^"]*"|'[^']*')""", re.DOTALL)


#: the element that stands for a command of the preprocessor in a comment
COMMENTED = "!--"


class TagError(Exception):
    """FreeSWITCH could not read it; ``line`` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


@dataclass(slots=True)
class Node:
    """One element; ``source`` is its first tag as it stands in ``file``, at ``line``, ``text`` what follows that."""

    tag: str
    attributes: Mapping[str, str]
    file: str = ""
    line: int = 0
    source: str = ""
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def get(self, name: str) -> str:
        """An attribute, '' where there is none."""
        return self.attributes.get(name, "")

    def of(self, *tags: str) -> Iterator[Node]:
        """The children with one of these tags."""
        return (child for child in self.children if child.tag in tags)

    def first(self, *tags: str) -> Node | None:
        """The first of them, child by child down the tags."""
        found: Node | None = self
        for tag in tags:
            found = next(found.of(tag), None) if found else None
        return found

    def walk(self) -> Iterator[Node]:
        """This element and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def params(self, name: str) -> list[Node]:
        """Its ``<param name="…" value="…"/>`` of that name."""
        return [child for child in self.of("param") if child.get("name") == name]


def read_tags(text: str, file: str = "") -> Node:
    """All that is in a file, below an element without a tag. Raises ``TagError``.

    Like FreeSWITCH's own reader (switch_xml.c), it takes several roots, and ``<`` and ``&`` in attributes as they are.
    """
    root = Node("", {}, file)
    open_nodes, line, end = [root], 1, 0
    for found in _TOKEN.finditer(text):
        begun = open_nodes[-1]
        if not begun.children and not begun.text:
            begun.text = unescape(text[end : found.start()].strip())
        line += text.count("\n", end, found.start())
        end = found.end()
        if found[0].startswith("<!--"):
            begun.children += _commented(found[0], file, line)
        elif found["torn"]:
            raise TagError(line, f"{_short(found[0])} is a tag that does not end")
        if found["tag"]:
            node = Node(found["tag"], _attributes(found["rest"], line), file, line, found[0])
            open_nodes[-1].children.append(node)
            if not found["empty"]:
                open_nodes.append(node)
        elif found["end"]:
            if len(open_nodes) == 1 or open_nodes[-1].tag != found["end"]:
                raise TagError(line, _unexpected(found["end"], open_nodes))
            open_nodes.pop()
        line += found[0].count("\n")
    if len(open_nodes) > 1:
        raise TagError(open_nodes[-1].line, f"<{open_nodes[-1].tag}> has no </{open_nodes[-1].tag}>")
    return root


def _commented(comment: str, file: str, line: int) -> Iterator[Node]:
    """The commands in a comment, each below an element of that name."""
    for found in _COMMAND.finditer(comment):
        at = line + comment.count("\n", 0, found.start())
        command = read_tags(found[0] if found[0].endswith("/>") else f"{found[0][:-1]}/>").children[0]
        yield Node(COMMENTED, command.attributes, file, at, found[0])


def tag_of(node: Node) -> str:
    """The element's first tag: as it stands in its file, or as it would."""
    if node.source:
        return node.source
    told = "".join(f' {name}="{value}"' for name, value in node.attributes.items())
    return f"<{node.tag}{told}{'>' if node.children else '/>'}"


def place_of(node: Node) -> str:
    """Where its first tag stands, for people; '' if that is not known."""
    return f"{node.file}, line {node.line}" if node.file and node.line else node.file


def _attributes(text: str, line: int) -> dict[str, str]:
    """The first of a name counts, as in FreeSWITCH."""
    attributes: dict[str, str] = {}
    end = 0
    for found in iter(lambda: _ATTRIBUTE.match(text, end), None):
        attributes.setdefault(found[1], unescape(found[2][1:-1]))
        end = found.end()
    if text[end:].strip():
        raise TagError(line, f'{_short(text[end:].strip())} is no name="value"')
    return attributes


def _unexpected(end: str, open_nodes: list[Node]) -> str:
    if len(open_nodes) == 1:
        return f"</{end}> ends what has not begun"
    begun = open_nodes[-1]
    return f"</{end}> comes while <{begun.tag}> of line {begun.line} has not ended"


def _short(text: str) -> str:
    return text[:40] + ("…" if text[40:] else "")
