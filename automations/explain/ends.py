"""Why an execution is over."""

from typing import Any, assert_never

from automations.executions import CancelReason
from automations.explain.facts import Explanation, Facts, Run
from automations.explain.words import because, capital, moment, somebody, told

_SHOWN = 10
"""Of the steps that failed."""


def explain_end(facts: Facts) -> Explanation:
    """Of an execution that is completed, canceled or failed."""
    sentence, found = _of_state(facts)
    again = f" It was taken up again as {', '.join(map(str, facts.restarted_as))}." if facts.restarted_as else ""
    common = {
        "state": facts.state, "finished_at": facts.finished_at.isoformat() if facts.finished_at else None,
        "reason": facts.reason, "warning": facts.warning, "steps_run": facts.steps_run, "steps_failed": facts.steps_failed,
        "failed": [_failed_run(run) for run in facts.failed[:_SHOWN]],
    }  # fmt: skip
    return Explanation(capital(sentence) + again, {**common, **found, "can": ["restart"]})


def _of_state(facts: Facts) -> tuple[str, dict[str, Any]]:
    match facts.state:
        case "completed":
            return _completed(facts), {}
        case "canceled":
            return _canceled(facts)
        case "failed":
            return _failed(facts)
        case "active" | "paused" | "retrying":
            raise ValueError(f"an execution that is {facts.state} is not over")
        case _:
            assert_never(facts.state)


def _end(facts: Facts) -> str:
    return f" on {moment(facts.finished_at, facts.zone)}" if facts.finished_at else ""


def _completed(facts: Facts) -> str:
    count = f"{facts.steps_run:,} step run{'s' * (facts.steps_run != 1)}"
    parts = [f"The execution completed{_end(facts)} after {count}{because(facts.reason or '')}"]
    if facts.warning and facts.warning != facts.reason:
        parts.append(f"Warning: {told(facts.warning)}")
    return " ".join([*parts, *_unsuccessful(facts)])


def _unsuccessful(facts: Facts) -> list[str]:
    if not facts.steps_failed:
        return []
    steps = ", ".join(dict.fromkeys(run.step for run in facts.failed[:_SHOWN]))
    count = "One step run" if facts.steps_failed == 1 else f"{facts.steps_failed:,} step runs"
    return [f"{count} did not succeed: {steps}."]


def _canceled(facts: Facts) -> tuple[str, dict[str, Any]]:
    cause: CancelReason = facts.cancel_reason or "person"
    found: dict[str, Any] = {"cancel_reason": cause}
    match cause:
        case "person":
            return _canceled_on_request(facts, found)
        case "step":
            return _canceled_by_step(facts, found)
        case "record_archived":
            return f"The execution was canceled{_end(facts)}, as its record was archived.", found
        case "kill_switch":
            return _ended(facts), found
        case "temporal":
            return f"{_ended(facts)} That was asked for in Temporal, or its workflow was lost there.", found
        case _:
            assert_never(cause)


def _ended(facts: Facts) -> str:
    """Where the reason says by whom."""
    reason = facts.reason or ""
    return f"The execution ended{_end(facts)}{because(reason[:1].lower() + reason[1:])}"


def _canceled_on_request(facts: Facts, found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    asked = facts.last_asked("cancel")
    if asked is None:
        return _ended(facts), found
    said = f"The execution was canceled by {somebody(asked.by)} on {moment(asked.at, facts.zone)}{because(asked.why)}"
    return said, {**found, "by": asked.by, "why": asked.why, "asked_at": asked.at.isoformat()}


def _canceled_by_step(facts: Facts, found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """One of its own, or one of another execution, which asked for it."""
    asked = facts.last_asked("cancel")
    if asked and (facts.reason or "").startswith(f"canceled by {asked.by}"):
        return _canceled_on_request(facts, found)
    step = facts.last.step if facts.last else None
    who = f"Step {step}" if step else "A step"
    return f"{who} canceled the execution{_end(facts)}{because(facts.reason or '')}", {**found, "step": step}


def _failed(facts: Facts) -> tuple[str, dict[str, Any]]:
    run = facts.last
    again = f"Mend the cause and restart it from step {run.step}." if run else "Mend the cause and start it again."
    if run and run.status == "failed" and _sentence(run) == facts.reason:
        times = f" {run.attempt} times, the last time with" if run.attempt > 1 else ""
        said = f"The execution failed{_end(facts)}, as step {run.step} failed{times}{because(_sentence(run))}"
        return f"{said} {again}", {"step": run.step, "attempts": run.attempt, **(run.error or {})}
    if run and run.step_type == "stop_execution" and run.output.get("reason") == facts.reason:
        said = f"Step {run.step} ended the execution as failed{_end(facts)}{because(facts.reason or '')}"
        return f"{said} {again}", {"step": run.step}
    return f"The execution failed{_end(facts)}{because(facts.reason or '')} {again}", {"step": run.step if run else None}


def _sentence(run: Run) -> str:
    return str((run.error or {}).get("sentence", ""))


def _failed_run(run: Run) -> dict[str, Any]:
    at = run.finished_at.isoformat() if run.finished_at else None
    return {"step": run.step, "attempts": run.attempt, "at": at, **(run.error or {})}
