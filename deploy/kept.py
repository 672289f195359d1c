"""Keys that stay with the data in a folder, for their owner's eyes only."""

from __future__ import annotations

from pathlib import Path


def read_key(file: Path) -> str:
    """Empty if there is none."""
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def keep_key(file: Path, key: str) -> str:
    """The key itself, to go on with."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(key, encoding="utf-8")
    return key
