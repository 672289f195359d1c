"""Stops an execution that goes round for ever."""

from collections import Counter

from automations.messages import Limits


class RunawayGuard:
    """Counts the visits of each step, in all and since the last wait."""

    def __init__(self, limits: Limits, visits: dict[str, int], since_wait: dict[str, int]) -> None:
        self._limits = limits
        self.visits = Counter(visits)
        self.since_wait = Counter(since_wait)

    def waited(self) -> None:
        self.since_wait.clear()

    def visit(self, step: str, sequence: int) -> str | None:
        """Counts one visit; the limit that it would break, in a sentence."""
        self.visits[step] += 1
        self.since_wait[step] += 1
        if sequence > self._limits.step_runs:
            return f"Stopped as a runaway: more than {self._limits.step_runs} steps in one execution."
        if self.visits[step] > self._limits.visits:
            return f"Stopped as a runaway: more than {self._limits.visits} visits of step {step}."
        if self.since_wait[step] > self._limits.visits_without_wait:
            return f"Stopped as a runaway: step {step} ran {self._limits.visits_without_wait} times with no wait in between."
        return None
