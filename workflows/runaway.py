"""Stops an execution that goes round for ever."""

from collections import Counter

from automations.messages import Limits


class RunawayGuard:
    """Counts step runs and the visits of each step, over all lanes; and in each lane the visits since its last wait."""

    def __init__(self, limits: Limits, visits: dict[str, int]) -> None:
        self._limits = limits
        self.visits = Counter(visits)

    def visit(self, step: str, sequence: int, since_wait: "Counter[str]") -> str | None:
        """Counts one visit; the limit that it would break, in a sentence."""
        self.visits[step] += 1
        since_wait[step] += 1
        if sequence > self._limits.step_runs:
            return f"Stopped as a runaway: more than {self._limits.step_runs} steps in one execution."
        if self.visits[step] > self._limits.visits:
            return f"Stopped as a runaway: more than {self._limits.visits} visits of step {step}."
        if since_wait[step] > self._limits.visits_without_wait:
            return f"Stopped as a runaway: step {step} ran {self._limits.visits_without_wait} times with no wait in between."
        return None
