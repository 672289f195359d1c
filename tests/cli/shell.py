"""The command line in tests: what it printed, and how it ended."""

import asyncio
import contextlib
import io
import json
import stat
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from unittest import mock

import pytest

from cli.app import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        """What `--json` says on stderr."""
        return json.loads(self.err.splitlines()[-1])


@dataclass
class Shell:
    """Commands in this process; `environment` names the gateway and the key."""

    environment: dict[str, str]
    folder: Path
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, *words: str, input: str = "") -> Ended:
        """One at a time: what a process has once, it has for one command."""
        async with self._lock:
            return await asyncio.to_thread(self._run, words, input)

    async def ok(self, *words: str, input: str = "") -> Ended:
        ended = await self(*words, input=input)
        assert ended.code == 0, ended
        return ended

    def _run(self, words: tuple[str, ...], input: str) -> Ended:
        out, err = _OfThisThread(sys.stdout), _OfThisThread(sys.stderr)
        with (
            mock.patch.dict("os.environ", self.environment),
            mock.patch.object(sys, "stdin", io.StringIO(input)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            return Ended(_code(words), out.getvalue(), err.getvalue())

    async def process(self, *words: str, **environment: str) -> Ended:
        """The installed command as people run it."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "everstep"), *words,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", **self.environment, **environment}, cwd=self.folder,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())


class _OfThisThread(io.StringIO):
    """What the command prints; what the gateway beside it logs goes where it always goes."""

    def __init__(self, otherwise: TextIO) -> None:
        super().__init__()
        self._otherwise, self._thread = otherwise, threading.get_ident()

    def write(self, text: str) -> int:
        return super().write(text) if threading.get_ident() == self._thread else self._otherwise.write(text)


def _code(words: tuple[str, ...]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def is_private(file: Path) -> bool:
    return stat.S_IMODE(file.stat().st_mode) == 0o600
