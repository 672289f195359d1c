"""What an HTML page says, as plain text: for those who read mails without their looks."""

import re
from html.parser import HTMLParser

_HIDDEN = frozenset({"head", "script", "style", "title", "template"})
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_APART = frozenset({"blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
"""Blocks with an empty line before and after them."""

_SPACES = re.compile(r"[ \t\r\f\v\n]+")
_LINES = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._link: tuple[str, int] | None = None  # they do not stand inside each other

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _HIDDEN:
            self._hidden += 1
        self._break(tag)
        match tag:
            case "li":
                self.parts.append("- ")
            case "img":
                self.parts.append(values.get("alt") or "")
            case "td" | "th":
                self.parts.append(" ")
            case "a":
                self._link = (values.get("href") or "", len(self.parts))
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        if tag == "a" and self._link:
            self._end_link(*self._link)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(_SPACES.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _APART:
            self.parts.append("\n\n")
        elif tag == "br" or (tag in _BLOCKS and not "".join(self.parts[-1:]).endswith("\n")):
            self.parts.append("\n")

    def _end_link(self, address: str, start: int) -> None:
        self._link = None
        said = "".join(self.parts[start:]).strip()
        if address and not address.startswith("#") and address.removeprefix("mailto:") != said:
            self.parts.append(f" ({address})")


def text_of(html: str) -> str:
    """Blocks become lines, links keep their address, and what is not shown goes."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = _LINES.sub("\n", re.sub(" {2,}", " ", "".join(reader.parts)))
    return _GAPS.sub("\n\n", lines).strip()
