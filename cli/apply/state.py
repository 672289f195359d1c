"""What an apply last saw of each automation: by that it knows a live edit when it meets one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.exits import WrongUseError

FILE = ".everstep-state.json"


@dataclass(frozen=True)
class Seen:
    """The revision and document that an apply or an export left behind."""

    revision: int
    document: dict[str, Any]


class State:
    """Kept beside the files, to be shared with them; each gateway has its own part."""

    def __init__(self, file: Path, url: str) -> None:
        self._file, self._url = file, url
        self._all = _read(file)
        self._seen: dict[str, Any] = self._all.setdefault("gateways", {}).setdefault(url, {})

    @classmethod
    def beside(cls, paths: Sequence[Path], url: str) -> State:
        first = paths[0]
        return cls((first if first.is_dir() else first.parent) / FILE, url)

    def seen(self, api_name: str) -> Seen | None:
        found = self._seen.get(api_name)
        return Seen(found["revision"], found["document"]) if found else None

    @property
    def names(self) -> list[str]:
        return sorted(self._seen)

    def see(self, api_name: str, revision: int, document: dict[str, Any]) -> None:
        self._seen[api_name] = {"revision": revision, "document": document}

    def forget(self, api_name: str) -> None:
        self._seen.pop(api_name, None)

    def keep(self) -> None:
        text = json.dumps(self._all, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if not self._file.exists() or self._file.read_text(encoding="utf-8") != text:
            self._file.write_text(text, encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise WrongUseError(f"{file} cannot be read; without it every automation counts as never applied from here.")
    return found
