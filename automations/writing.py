"""JSON values as YAML text that `reading` reads back as the same values, keys in the order in which they come."""

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

_WIDTH = 120


class _Representer(SafeRepresenter):
    """Writes text of several lines as such; what would be read as another value is quoted by the library."""


_REPRESENTER: Any = _Representer


def _text(representer: Any, text: str) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """None: as short as the library thinks that it can be said."""
    if text.isprintable():
        return None
    lines = text.split("\n")
    is_block = bool(lines[0]) and lines[0] == lines[0].strip() and all(map(_is_line, lines))
    return "|" if is_block else '"'


def _is_line(text: str) -> bool:
    return text.isprintable() and text == text.rstrip()


_REPRESENTER.add_representer(str, _text)


def write_yaml(value: object) -> str:
    """YAML 1.2 of a JSON value."""
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Representer = _REPRESENTER
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = _WIDTH
    yaml.representer.sort_base_mapping_type_on_output = False
    yaml.representer.ignore_aliases = _is_never_shared
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()


def _is_never_shared(part: object) -> bool:
    return True
