"""`python -m deploy.encryption_key` prints a new key for EVERSTEP_ENCRYPTION_KEYS."""

from __future__ import annotations

from pathlib import Path

from activities.encryption import new_key


def kept_encryption_key(file: Path) -> str:
    """The key in the file; else a new one, kept there for its owner's eyes only."""
    if not file.exists() or not file.read_text(encoding="utf-8").strip():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(new_key(), encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    print(new_key())
