"""Whether HTML is well formed: every tag closed by its own, no id twice; for files of any kind."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "input", "br", "hr", "img", "link"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.complaints: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.complaints.append(f"<{tag}> has an attribute twice")
        self.complaints += [f"{name} is a script" for name in names if name.startswith("on")]
        found = dict(attrs).get("id")
        if found is not None:
            if found in self.ids:
                self.complaints.append(f"id {found} is there twice")
            self.ids.append(found)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> at {self.getpos()}")


def tags(text: str) -> list[str]:
    """The names of all elements, in their order."""
    reader = _Reader()
    reader.feed(text)
    return reader.tags


def complaints(text: str) -> list[str]:
    """What a validator would say of a whole file."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    unclosed = [f"<{tag}> is not closed" for tag in reader.open]
    return [*reader.complaints, *unclosed]
