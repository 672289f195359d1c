"""`python -m deploy.encryption_key` prints a new key for EVERSTEP_ENCRYPTION_KEYS."""

from __future__ import annotations

from pathlib import Path

from activities.encryption import new_key
from deploy.kept import keep_key, read_key


def kept_encryption_key(file: Path) -> str:
    """The key in the file; else a new one, kept there for its owner's eyes only."""
    return read_key(file) or keep_key(file, new_key())


if __name__ == "__main__":
    print(new_key())
