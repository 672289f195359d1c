"""The classes of the time-skipping server, read and checked once and kept as its Java maps them into memory.

Without, each start does that for 5,000 of them, which is two thirds of what a test of one execution costs it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from deploy import tools
from deploy.errors import MissingToolError
from deploy.progress import Say, run_with_progress
from deploy.tools import MissError

Start = Callable[[list[str]], Awaitable[WorkflowEnvironment]]
"""Starts a server by its command."""


async def with_archive(command: list[str], libraries: Path, start: Start, *, say: Say) -> list[str]:
    """The command of Java with an archive of the classes, made if it is not there; as it was where none can be made."""
    archive = libraries.with_name(f"{libraries.name}-{_kind_of(Path(command[0]))}.jsa")
    try:
        await tools.find(
            "Classes of the time-skipping server", quick=[tools.kept_at(archive)],
            slow=[lambda: _made(archive, command, start, say=say)], install="", say=say,
        )  # fmt: skip
    except MissingToolError:
        return command
    return _and(command, f"-XX:SharedArchiveFile={archive}")


def _kind_of(java: Path) -> str:
    """Another one has classes of its own, and passes over an archive that is not of them."""
    file = java.resolve()
    return hashlib.sha256(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}".encode()).hexdigest()[:12]


async def _made(archive: Path, command: list[str], start: Start, *, say: Say) -> Path:
    """Beside its place, and moved there when it is whole."""
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="classes-") as folder:
        classes, made = Path(folder) / "classes.txt", Path(folder) / "classes.jsa"
        await _use(await start(_and(command, f"-XX:DumpLoadedClassList={classes}")))
        dump = _and(command, "-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={made}")
        log = archive.parent / "archive-classes.log"
        ended = await run_with_progress("Keeping the classes of the time-skipping server", dump, log=log, say=say)
        if ended.exit_code or not made.is_file():
            raise MissError(f"Java made no archive, see {log}")
        os.replace(made, archive)
    return archive


async def _use(environment: WorkflowEnvironment) -> None:
    """A little of all, so that the server loads what it needs for it."""
    try:
        execution = await environment.client.start_workflow("Nothing", id="nothing", task_queue="nobody")
        await execution.describe()
        await execution.terminate()
    finally:
        await environment.shutdown()


def _and(command: list[str], *options: str) -> list[str]:
    """Java's own options stand before the rest."""
    return [command[0], *options, *command[1:]]
