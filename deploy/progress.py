"""Long commands that show that they are alive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.processes import ChildProcess

Say = Callable[[str], None]
LINE_EVERY_SECONDS = 15.0


def say(line: str) -> None:
    """Prints a line at once, also into a pipe."""
    print(line, flush=True)


async def run_with_progress(
    title: str, command: Sequence[str], *, log: Path, say: Say, env: Mapping[str, str] | None = None
) -> ChildProcess:
    """Runs the command to its end, its output in `log`; the answer tells the exit code. Cancelled, it ends it."""
    process = ChildProcess(command, log=log, env=env)
    process.start()
    try:
        async with elapsed(title, say):
            await process.wait()
    finally:
        await process.kill()
    return process


@asynccontextmanager
async def elapsed(title: str, say: Say) -> AsyncGenerator[None]:
    """Shows the seconds that go by: a moving line on a terminal, elsewhere a line every 15 s."""
    console = Console()
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(title, total=None)
            yield
        return
    ticker = asyncio.create_task(_tick(title, say))
    try:
        yield
    finally:
        ticker.cancel()


async def _tick(title: str, say: Say) -> None:
    began = time.monotonic()
    say(f"{title} …")
    while True:
        await asyncio.sleep(LINE_EVERY_SECONDS)
        say(f"{title} … {time.monotonic() - began:.0f} s")
