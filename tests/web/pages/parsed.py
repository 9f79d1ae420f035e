"""A page as a browser reads it: elements with their attributes, and what is only text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page(HTMLParser):
    """``elements`` in their order; ``text``: all that is between them."""

    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"no page of ours has a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"no page of ours has an instruction: {data}")

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.pieces))

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements with the names of their attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of each such element."""
        return [has for name, has in self.elements if name == tag and wanted.items() <= has.items()]

    def values(self, attribute: str) -> list[str]:
        """What every element with that attribute has there."""
        return [has[attribute] for _, has in self.elements if attribute in has]


def shown(source: str, tag: str = "tr") -> list[str]:
    """The text of each such element that is live."""
    parts = re.findall(rf"<{tag}[^>]* data-key=.*?</{tag}>", source, re.DOTALL)
    return [Page(part).text.strip() for part in parts]
