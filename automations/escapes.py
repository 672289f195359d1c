"""How a value is written inside another language, so that it stays a value whatever it holds."""

import html
import json
import re
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote

Escape = Literal["json", "form", "xml", "html"]
"""What a text is part of: a JSON string, a form or URL, XML, HTML."""


def _in_json(value: object) -> str:
    """Also fit to stand outside of quotes, where it is a number or a truth value."""
    return json.dumps(str(value).lower() if isinstance(value, bool) else str(value), ensure_ascii=False)[1:-1]


def _in_form(value: object) -> str:
    return quote(str(value), safe="")


_NOT_OF_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_READ_AS_BLANKS = {ord(character): f"&#{ord(character)};" for character in "\t\n\r"}


def _in_xml(value: object) -> str:
    """Without the characters that XML has no way to say; line breaks stay what they are in attributes too."""
    return _in_html(_NOT_OF_XML.sub("", str(value))).translate(_READ_AS_BLANKS)


def _in_html(value: object) -> str:
    return html.escape(str(value))


ESCAPES: Mapping[Escape, Callable[[object], str]] = {"json": _in_json, "form": _in_form, "xml": _in_xml, "html": _in_html}
