"""The processor time that a set of processes has used."""

from collections.abc import Iterator, Mapping

import psutil


def used_ms(roots: Mapping[str, int]) -> dict[str, float]:
    """Milliseconds since their start, by name, each process with all it started, ended or not, but for other roots."""
    return {name: sum(map(_own_and_ended_children_ms, _family(pid, roots))) for name, pid in roots.items()}


def _family(pid: int, roots: Mapping[str, int]) -> Iterator[psutil.Process]:
    try:
        process = psutil.Process(pid)
        children = process.children()
    except psutil.NoSuchProcess:
        return  # it ended just now, and its parent counts it from here on
    yield process
    for child in children:
        if child.pid not in roots.values():
            yield from _family(child.pid, roots)


def _own_and_ended_children_ms(process: psutil.Process) -> float:
    try:
        return 1000 * sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0  # as above
