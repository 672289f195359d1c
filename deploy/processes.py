"""Child processes that never outlive us, in a session of their own, so that Ctrl-C reaches us first."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

_LAUNCHER = Path(__file__).with_name("bound.py")
_POLL_SECONDS = 0.02


def bound(program: Sequence[str], *, parent: int, death_signal: signal.Signals = signal.SIGKILL) -> list[str]:
    """The command line that runs `program` bound to the process `parent` (see deploy/bound.py)."""
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(parent), str(int(death_signal)), *program]


def environment_without(*prefixes: str) -> dict[str, str]:
    """Our environment less the variables that begin so, which would steer a service behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


class ChildProcess:
    """One program, started at most once at a time; its output is appended to `log`.

    Start it from a thread that stays (the main one): on Linux the child is ended with the thread that started it.
    `prefix` is a program that runs the rest of its command line, such as one that gives up privileges.
    """

    def __init__(
        self,
        program: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        prefix: Sequence[str] = (),
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self._program, self._prefix, self._env, self._cwd = list(program), list(prefix), env, cwd
        self._stop_signal, self._death_signal = stop_signal, death_signal
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the last run ended; negative: by that signal. None while it runs, and before the first run."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Raises FileNotFoundError if there is no such program; a second start while it runs does nothing."""
        if self.is_running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [*self._prefix, *bound(self._program, parent=os.getpid(), death_signal=self._death_signal)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )

    async def wait(self) -> int:
        """The exit code, once it ended."""
        assert self._process is not None, "wait() needs a started process"
        while (code := self._process.poll()) is None:  # noqa: ASYNC110 (a process has no event)
            await asyncio.sleep(_POLL_SECONDS)
        return code

    async def stop(self, *, grace_seconds: float = 10) -> None:
        """Asks it to end, and kills it with all it started when the grace is over."""
        if self._process is None or not self.is_running:
            return
        family = _family(self._process.pid)
        self._process.send_signal(self._stop_signal)
        try:
            async with asyncio.timeout(grace_seconds):
                await self.wait()
        except TimeoutError:
            pass
        finally:
            await self._end(family)

    async def kill(self) -> None:
        """SIGKILL to it and to all it started; returns when they are gone."""
        if self._process is not None and self.is_running:
            await self._end(_family(self._process.pid))

    async def _end(self, family: list[psutil.Process]) -> None:
        _kill(family)
        await self.wait()
        await _gone(family)

    def log_tail(self, lines: int = 12) -> str:
        """The end of the log, for an error message."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


async def end_leftover(process: psutil.Process, *, stop_signal: signal.Signals, grace_seconds: float = 10) -> None:
    """Ends a process of an earlier run that is still there."""
    family = _family(process.pid)
    try:
        process.send_signal(stop_signal)
        await _gone([process], seconds=grace_seconds)
    except psutil.NoSuchProcess:
        pass
    _kill(family)
    await _gone(family)


def _family(pid: int) -> list[psutil.Process]:
    """The process and all it started, itself first, so that it can't start more while they are ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(family: list[psutil.Process]) -> None:
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


async def _gone(family: list[psutil.Process], *, seconds: float = 5) -> None:
    """Returns when none of them runs, or after `seconds`."""
    end = time.monotonic() + seconds
    while any(_is_there(process) for process in family) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_SECONDS)


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
