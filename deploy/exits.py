"""The one place where a process of ours ends.

The Temporal SDK keeps threads that call into Python; when the interpreter is taken down under them, a process that did
its work ends with 134 or 139. So they get a moment to settle, what is buffered is written, and the process leaves
without taking the interpreter down: its exit code is its own. `atexit` functions don't run; stop services before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn

from deploy.errors import LocalServiceError

SETTLING_SECONDS = 0.3
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


def run(main: Callable[[], Awaitable[int]]) -> NoReturn:
    """Runs `main` in a new event loop and ends the process with the exit code it answers.

    Ctrl-C and SIGTERM cancel `main`, so that its `finally` blocks run; the codes are then 130 and 143. A
    LocalServiceError is said in one sentence, any other error with its traceback; the code is then 1.
    """
    leave(_exit_code(main))


def leave(code: int) -> NoReturn:
    """Ends this process with `code`, now. To be called when no event loop runs any more."""
    time.sleep(SETTLING_SECONDS)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _exit_code(main: Callable[[], Awaitable[int]]) -> int:
    try:
        return asyncio.run(_until_terminated(main))
    except KeyboardInterrupt:
        return INTERRUPTED
    except LocalServiceError as error:
        print(error, file=sys.stderr)
    except SystemExit as wanted:
        return _code_of(wanted)
    except BaseException:
        traceback.print_exc()
    return 1


async def _until_terminated(main: Callable[[], Awaitable[int]]) -> int:
    """Awaits `main`; SIGTERM cancels it once and becomes the exit code."""
    task = asyncio.current_task()
    assert task is not None
    terminated = asyncio.Event()

    def terminate() -> None:
        if not terminated.is_set():
            terminated.set()
            task.cancel()

    with contextlib.suppress(NotImplementedError, RuntimeError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await main()
    except asyncio.CancelledError:
        if terminated.is_set():
            return TERMINATED
        raise


def _code_of(wanted: SystemExit) -> int:
    """As Python reads it: a number is the code, a text is printed and means 1, nothing means 0."""
    if wanted.code is None or isinstance(wanted.code, int):
        return wanted.code or 0
    print(wanted.code, file=sys.stderr)
    return 1
