"""The tables that a run ends with."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Rounds, Turn

SUBJECT = "everstep"
_WIDTH = 132


def print_report(rounds: Rounds, console: Console | None = None) -> None:
    console = console or Console(width=_WIDTH)
    console.print(medians(rounds))
    console.print(ratios(rounds))


def medians(rounds: Rounds) -> Table:
    processes = list(rounds[SUBJECT][0].cpu_ms)
    table = Table(title="Medians of the rounds; CPU in milliseconds an execution, over all processes")
    table.add_column("variant", no_wrap=True)
    for column in ("completed", "executions/s", "p50 ms", "p99 ms", "CPU ms", *processes):
        table.add_column(column, justify="right")
    for name, turns in rounds.items():
        table.add_row(name, str(sum(turn.completed for turn in turns)), *_cells(turns, processes))
    return table


def _cells(turns: Sequence[Turn], processes: Sequence[str]) -> list[str]:
    whole: list[Callable[[Turn], float]] = [
        lambda turn: turn.per_second,
        lambda turn: turn.p50_ms,
        lambda turn: turn.p99_ms,
        lambda turn: turn.total_cpu_ms,
    ]
    parts = [median(turn.cpu_ms[process] for turn in turns) for process in processes]
    return [f"{value:.1f}" for value in (*(median(map(of, turns)) for of in whole), *parts)]


def ratios(rounds: Rounds) -> Table:
    """Everstep's throughput, and its executions in a second of CPU time, as multiples of each bare variant's."""
    table = Table(title="Everstep beside bare Temporal: medians of each round's ratio, more is better")
    table.add_column("everstep / …")
    table.add_column("executions/s", justify="right")
    table.add_column("executions/CPU second", justify="right")
    own = rounds[SUBJECT]
    for name, others in rounds.items():
        if name != SUBJECT:
            table.add_row(name, _ratio(own, others, _throughput), _ratio(own, others, _thrift))
    return table


def _throughput(turn: Turn) -> float:
    return turn.per_second


def _thrift(turn: Turn) -> float:
    return 1000 / max(turn.total_cpu_ms, 1)


def _ratio(own: Sequence[Turn], others: Sequence[Turn], of: Callable[[Turn], float]) -> str:
    return f"{median(of(mine) / of(theirs) for mine, theirs in zip(own, others, strict=True)):.2f} ×"
