"""How a tool is found: the quick ways first, then the slow ones, each miss said in one line."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from temporalio.testing import WorkflowEnvironment

from deploy.errors import MissingToolError
from deploy.progress import Say, elapsed

DOWNLOAD_SECONDS = 60.0
_POLL_SECONDS = 0.2

Quick = Callable[[], Path]
Slow = Callable[[], Awaitable[Path]]


class MissError(Exception):
    """A way that did not lead to the tool; the message says what was tried."""


def cache_folder() -> Path:
    """Where downloads and builds of this user are kept, for all projects."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "everstep"


async def find(tool: str, *, quick: Sequence[Quick], slow: Sequence[Slow], install: str, say: Say) -> Path:
    """The first hit. Misses are said only when a slow way has to be gone. Raises MissingToolError with `install`.

    Slow ways are gone by one process at a time: those that waited for it find what it brought.
    """
    if found := _first(quick, []):
        return found
    async with _alone(tool, say):
        misses: list[str] = []
        if found := _first(quick, misses):
            return found
        for line in misses:
            say(f"{tool}: {line}")
        for fetch in slow:
            try:
                return await fetch()
            except MissError as miss:
                say(f"{tool}: {miss}")
    raise MissingToolError(install)


def _first(quick: Sequence[Quick], misses: list[str]) -> Path | None:
    """The first hit, the misses before it noted."""
    for look in quick:
        try:
            return look()
        except MissError as miss:
            misses.append(str(miss))
    return None


@asynccontextmanager
async def _alone(tool: str, say: Say) -> AsyncGenerator[None]:
    """Held by one process of this user at a time, and let go of when that ends, however it ends."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{tool.replace(' ', '-').lower()}.lock").open("a") as file:
        if not _locked(file):
            say(f"{tool}: another process is getting it")
            while not _locked(file):  # noqa: ASYNC110 (a file has no event)
                await asyncio.sleep(_POLL_SECONDS)
        yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
