"""What becomes of the result of a step that called another system: the call is made, and never again for its bookkeeping."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import structlog

from activities.failures import SupersededError
from activities.results import Result, failed
from activities.writing import Attempt
from automations.failures import ExpectedFailure
from automations.outcomes import End, Outcome, StepAnswer
from automations.steps.base import StepBase

_LOG = structlog.get_logger("everstep.executions")


def outcome_after_call(attempt: Attempt, row: Any) -> Outcome | None:
    """What is answered in the place of writing: the execution is over, or it was written and only that was not heard.

    Raises SupersededError for an attempt that was given up for lost, and after which another began.
    """
    if row is None or row["finished_at"] is not None:
        return End(state=row["state"], reason=row["reason"] or "") if row else End(state="failed")
    is_newest = row["run_attempt"] == attempt.request.attempt and row["run_type"] == attempt.step.step_type
    if is_newest and row["run_outcome"] is not None:
        return StepAnswer.model_validate({"outcome": row["run_outcome"]}).outcome
    if not is_newest or row["run_status"] not in ("running", "retrying"):
        _LOG.warning("late_answer_dropped", **attempt.named(), attempt=attempt.request.attempt)
        raise SupersededError
    return None


def lesser_results(step: StepBase, result: Result) -> Iterator[Result]:
    """What can still be kept of a result that Postgres refuses: all but its output, and at last only that it is so."""
    sentence = f"What step {step.id} was answered could not be kept."
    error = _lesser_error(result.error)
    output = {"not_kept": sentence}
    yield replace(result, output=output, used=[], error=error, warning=sentence)
    lost = ExpectedFailure("result_not_kept", f"{sentence} Skip the step, or resume it to call again.")
    yield replace(failed(step, lost), output=output, warning=sentence)


def _lesser_error(error: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"code": error["code"], "sentence": "What the step failed of could not be kept."} if error else None
