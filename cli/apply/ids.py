"""Writing the ids that a save gave back into the file, and nothing else: comments and layout stay."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_WIDTH = 4096


def write_ids(file: Path, document: Mapping[str, Any]) -> bool:
    """Whether there were any to write. The file holds one automation."""
    text = file.read_text(encoding="utf-8")
    written = _json(text, document) if file.suffix == ".json" else _yaml(text, document)
    if written is None:
        return False
    file.write_text(written, encoding="utf-8")
    return True


def _yaml(text: str, document: Mapping[str, Any]) -> str | None:
    yaml: Any = YAML()
    yaml.preserve_quotes, yaml.width = True, _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    raw = yaml.load(text)
    if not _fill(raw, document):
        return None
    out = io.StringIO()
    yaml.dump(raw, out)
    return out.getvalue()


def _json(text: str, document: Mapping[str, Any]) -> str | None:
    raw = json.loads(text)
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n" if _fill(raw, document) else None


def _fill(raw: Any, saved: Any) -> int:
    """Goes through both side by side; answers how many ids were missing."""
    if isinstance(raw, list) and isinstance(saved, list):
        return sum(_fill(mine, theirs) for mine, theirs in zip(raw, saved, strict=False))
    if not isinstance(raw, dict) or not isinstance(saved, Mapping):
        return 0
    below = sum(_fill(value, saved.get(key)) for key, value in raw.items())
    if "id" in raw or "id" not in saved:
        return below
    _put_first(raw, saved["id"])
    return below + 1


def _put_first(raw: Any, id: str) -> None:
    if hasattr(raw, "insert"):
        raw.insert(0, "id", id)
    else:
        others = dict(raw)
        raw.clear()
        raw.update({"id": id, **others})
