"""Becomes another program that does not outlive the process that started it. Run as a script, never imported.

    bound.py PARENT SIGNAL PROGRAM [ARGUMENT...]

PARENT is the process id to be bound to; 0 means: whoever started this, whichever thread of it did. SIGNAL is sent to
PROGRAM when PARENT is gone. A separate script, as code between fork and exec is not safe in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def bind_by_kernel(parent: int, death_signal: int) -> bool:
    """Linux: the kernel sends the signal. It does so when the *thread* that forked ends, so PARENT 0 can't have it."""
    if not sys.platform.startswith("linux") or not parent:
        return False
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("The parent ended before the program began.")
    return True


def bind_by_watcher(parent: int, death_signal: int) -> None:
    """Elsewhere: a small process watches, half a second late at most."""
    program = os.getpid()
    if os.fork() == 0:
        os.setsid()
        for stream in (0, 1, 2):
            os.close(stream)
        watch(program, parent, death_signal)
        os._exit(0)


def watch(program: int, parent: int, death_signal: int) -> None:
    """Returns when the program is gone; ends it when the parent is gone."""
    while os.getppid() == program:
        if not is_alive(parent):
            os.kill(program, death_signal)
            return
        time.sleep(WATCH_SECONDS)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(parent: int, death_signal: int, program: list[str]) -> None:
    if not bind_by_kernel(parent, death_signal):
        bind_by_watcher(parent or os.getppid(), death_signal)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would hand that on
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
