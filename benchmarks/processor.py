"""The processor time that a set of processes has used."""

from collections.abc import Mapping

import psutil


def used_ms(roots: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds since their start, by name, each process with all it started, ended or not."""
    return {name: _used_ms(pid) for name, pid in roots.items()}


def _used_ms(pid: int) -> float:
    root = psutil.Process(pid)
    return sum(_own_and_ended_children_ms(process) for process in (root, *root.children(recursive=True)))


def _own_and_ended_children_ms(process: psutil.Process) -> float:
    try:
        return 1000 * sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0  # it ended just now, and its parent counts it from here on
