"""One demo in one folder: a lock file that the system lets go of when its process ends, however it ends.

`python -m deploy.lock FOLDER` ends with 1 and says who is there while the folder is in use; 0 otherwise.
Standard library only: `make clean` asks before anything is installed.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from deploy.errors import AlreadyRunningError


class FolderLock:
    """Held from `acquire` (or `with`) to `release`, or to the end of the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Takes the folder, which is made if need be. Raises AlreadyRunningError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = (self._folder / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held_by = _noted(file)
            file.close()
            raise AlreadyRunningError(str(self._folder), held_by.get("pid"), held_by.get("addresses", {})) from None
        self._file = file
        self.note({})

    def note(self, addresses: dict[str, str]) -> None:
        """Writes down where this run can be reached, for whoever finds the folder in use."""
        assert self._file is not None, "note() needs the lock"
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "addresses": addresses}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Lets the folder go. The file stays: removing it would let two processes each hold 'the' lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _noted(file: IO[str]) -> dict[str, Any]:
    """What the holder wrote; empty while it has not written yet."""
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        return {}


def main(folder: Path) -> int:
    """The exit code of `python -m deploy.lock`."""
    if not folder.exists():
        return 0
    try:
        with FolderLock(folder):
            return 0
    except AlreadyRunningError as running:
        print(running, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
