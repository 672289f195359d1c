"""How a tool is found: the quick ways first, then the slow ones, each miss said in one line."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from deploy.errors import MissingToolError
from deploy.progress import Say, elapsed

DOWNLOAD_SECONDS = 60.0

Quick = Callable[[], Path]
Slow = Callable[[], Awaitable[Path]]


class MissError(Exception):
    """A way that did not lead to the tool; the message says what was tried."""


def cache_folder() -> Path:
    """Where downloads and builds of this user are kept, for all projects."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "everstep"


async def find(tool: str, *, quick: Sequence[Quick], slow: Sequence[Slow], install: str, say: Say) -> Path:
    """The first hit. Misses are said only when a slow way has to be gone. Raises MissingToolError with `install`."""
    misses: list[str] = []
    for look in quick:
        try:
            return look()
        except MissError as miss:
            misses.append(str(miss))
    for line in misses:
        say(f"{tool}: {line}")
    for fetch in slow:
        try:
            return await fetch()
        except MissError as miss:
            say(f"{tool}: {miss}")
    raise MissingToolError(install)


def set_to(setting: str, path: Path | None) -> Quick:
    """A path in the settings. One that is set and wrong ends the search: falling back would hide the mistake."""

    def look() -> Path:
        if path is None:
            raise MissError(f"{setting} is not set")
        if not path.is_file():
            raise MissingToolError(f"{setting} is set to {path}, where there is no file.")
        return path.resolve()

    return look


def on_path(program: str) -> Quick:
    def look() -> Path:
        if found := shutil.which(program):
            return Path(found)
        raise MissError(f"no `{program}` on PATH")

    return look


def kept_at(path: Path) -> Quick:
    """A file of an earlier build."""

    def look() -> Path:
        if path.is_file():
            return path
        raise MissError("not built before")

    return look


def downloaded_to(folder: Path) -> Quick:
    """The program that an earlier download left in `folder`."""

    def look() -> Path:
        found = [file for file in folder.glob("temporal*") if file.is_file() and os.access(file, os.X_OK)]
        if not found:
            raise MissError("not downloaded before")
        return max(found, key=lambda file: file.stat().st_mtime)

    return look


async def sdk_download(start: Callable[..., Awaitable[WorkflowEnvironment]], folder: Path, *, say: Say) -> Path:
    """Lets the SDK download what `start` needs, which it does only while starting it. Raises MissError."""
    os.makedirs(folder, exist_ok=True)
    try:
        async with asyncio.timeout(DOWNLOAD_SECONDS), elapsed("Downloading with the Temporal SDK", say):
            environment = await start(download_dest_dir=str(folder))
    except TimeoutError:
        raise MissError(f"the SDK's download did not end within {DOWNLOAD_SECONDS:.0f} s") from None
    except RuntimeError as error:
        raise MissError(f"the SDK's download failed ({_first_line(error)})") from None
    await environment.shutdown()
    return downloaded_to(folder)()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rpartition(" for url ")[0] or str(error).splitlines()[0]
