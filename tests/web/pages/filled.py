"""The forms of a page as a browser fills them in: what is posted if nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Filled:
    """One form: where it is posted to, and what; of two fields with one name the last counts."""

    action: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class _Reader(HTMLParser):
    forms: list[Filled] = field(default_factory=list)
    textarea: str | None = None
    select: str | None = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Filled(has.get("action", "")))
        elif tag == "input" and "name" in has:
            if has.get("type") != "checkbox" or "checked" in has:
                self.forms[-1].values[has["name"]] = has.get("value", "")
        elif tag == "textarea":
            self.textarea = has["name"]
            self.forms[-1].values[has["name"]] = ""
        elif tag == "select":
            self.select = has["name"]
        elif tag == "option" and self.select is not None:
            if "selected" in has or self.select not in self.forms[-1].values:
                self.forms[-1].values[self.select] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            assert self.textarea is not None
            # the first line end belongs to the markup
            self.forms[-1].values[self.textarea] = self.forms[-1].values[self.textarea].removeprefix("\n")
            self.textarea = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.forms[-1].values[self.textarea] += data


def forms_of(page: str) -> list[Filled]:
    """Every form of a page, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.forms


def form_at(page: str, action: str) -> dict[str, str]:
    """What the first form posts that goes there."""
    return next(dict(form.values) for form in forms_of(page) if form.action == action)
