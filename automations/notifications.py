"""The mail that tells of a failure: whom, and in which words."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Literal, assert_never

from pydantic import AfterValidator
from pydantic.networks import validate_email
from pydantic_core import PydanticCustomError

from automations.executions import PauseReason
from automations.kill_switches import KillSwitch
from automations.lanes import MAIN
from automations.model import Model, Severity
from automations.outcomes import End, Fork, Hold, LaneEnd, Moved, Next, Outcome, Renumbered, Requested, Wait, cut_summary
from automations.steps.base import StepBase
from automations.steps.control import StopExecution

OWNER = "owner"
"""The employee who owns the record."""

STOPPED = "stopped_with_error"
"""The code of a stop step that does what it is there for."""

MAX_SENTENCE = 2_000
"""Characters of what went wrong that are told."""


def _is_recipient(text: str) -> str:
    return text if text == OWNER else _is_address(text, "neither owner nor a mail address")


def _is_address(text: str, otherwise: str) -> str:
    try:
        validate_email(text)
        reason = "It is written without a name beside it." if "<" in text else None
    except PydanticCustomError as error:
        reason = str((error.context or {}).get("reason", ""))
    if reason is not None:
        sentence = "It is {otherwise} such as ops@example.com. {reason}"
        raise PydanticCustomError("invalid_address", sentence, {"reason": reason, "otherwise": otherwise})
    return text


MailAddress = Annotated[str, AfterValidator(partial(_is_address, otherwise="no mail address"))]
"""Without a name beside it."""


class ErrorNotification(Model):
    """Who is mailed when a step fails: an address, or the `owner` of the record. A step may give a severity of its own."""

    to: Annotated[str, AfterValidator(_is_recipient)]
    severity: Severity = "error"


Left = Literal["to_resume", "to_go_on", "to_choose", "went_on", "completed", "failed", "canceled"]
"""What a failure left behind: a pause on the step, behind it, or before a choice of path; a way that goes on; an end."""


@dataclass(frozen=True)
class Failure:
    """One failed step run, or a step that stopped its execution, as people are told of it.

    `at` is in the timezone of the business. `record` is the name of the record, `object` what kind of record it is; both are
    None in a global automation.
    """

    automation: str
    automation_name: str
    execution: str
    record: str | None
    object: str | None
    step: StepBase
    lane: str
    code: str
    sentence: str
    at: datetime
    left: Left


@dataclass(frozen=True)
class Notification:
    """What is mailed, in plain text."""

    severity: Severity
    subject: str
    body: str


def left_by(outcome: Outcome) -> Left:
    """What follows from a step run that told of a failure."""
    match outcome:
        case Hold(reason=reason, resume=resume):
            return _left_held(reason, resume)
        case End(state=state):
            return state
        case Next() | Moved() | Wait() | Fork() | LaneEnd() | Requested() | Renumbered():
            return "went_on"
        case _:
            assert_never(outcome)


def _left_held(reason: PauseReason, resume: Literal["again", "after"]) -> Left:
    if reason == "condition_error":
        return "to_choose"
    return "to_resume" if resume == "again" else "to_go_on"


def is_told(step: StepBase, left: Left) -> bool:
    """Whether anybody is to hear of a failure of this step.

    A condition that cannot be decided, and retries that are used up, are told of whatever `on_error` says.
    """
    return step.on_error != "continue_silently" or left in ("to_choose", "failed")


def stops_with_error(step: StepBase, left: Left) -> bool:
    """Whether a step that did not fail stopped its execution as if it had."""
    return isinstance(step, StopExecution) and step.action in ("fail", "pause_with_error") and left in ("to_go_on", "failed")


def notification_for(failure: Failure, severity: Severity) -> Notification:
    subject = f"[{severity}] {failure.automation}: {_happened(failure)}"
    lines = [f"{name}: {value}" for name, value in _facts(failure) if value]
    parts = ["\n".join(lines), cut(failure.sentence), _state(failure), _advice(failure.left)]
    return Notification(severity, subject, "\n\n".join(part for part in parts if part) + "\n")


def cut(sentence: str) -> str:
    return sentence if len(sentence) <= MAX_SENTENCE else f"{sentence[: MAX_SENTENCE - 1]}…"


def with_link(body: str, link: str | None) -> str:
    """The mail's text; where the execution can be looked at is known to whoever sends it."""
    return f"{body}\nIn the Temporal Web UI: {link}\n" if link else body


def _happened(failure: Failure) -> str:
    return f"step {failure.step.id} {'stopped the execution' if failure.code == STOPPED else 'failed'}"


def _facts(failure: Failure) -> list[tuple[str, str | None]]:
    step = failure.step
    return [
        ("Automation", f"{failure.automation_name} ({failure.automation})"),
        ("Record", f"{failure.record} ({failure.object})" if failure.record is not None else None),
        ("Execution", failure.execution),
        ("Step", cut_summary(f"{step.id}: {step.summary()}")),
        ("Lane", failure.lane if failure.lane != MAIN else None),
        ("When", f"{failure.at:%Y-%m-%d %H:%M:%S %Z}"),
        ("Code", failure.code),
    ]


def _state(failure: Failure) -> str:
    stands = "The execution" if failure.lane == MAIN else "The lane"
    match failure.left:
        case "to_resume":
            return f"{stands} is paused on this step."
        case "to_go_on":
            return f"{stands} is paused behind this step."
        case "to_choose":
            return f"{stands} is paused on this step until somebody says which path to take."
        case "went_on":
            return f"{stands} went on without it."
        case "completed" | "failed" | "canceled":
            return f"The execution is {failure.left}."
        case _:
            assert_never(failure.left)


def _advice(left: Left) -> str:
    match left:
        case "to_resume":
            return "Resume it to run the step again as it is saved by then, skip it to go on after the step, or cancel it."
        case "to_go_on":
            return "Resume it to go on after the step, or cancel it."
        case "to_choose":
            return "Skip the step with the path to take, or cancel the execution."
        case "failed":
            return "Mend the cause, and restart the execution."
        case "went_on" | "completed" | "canceled":
            return ""
        case _:
            assert_never(left)


def notification_of_trip(switch: KillSwitch) -> Notification:
    """To whoever looks after the deployment: nothing of the automation goes on by itself from now on."""
    body = f"""Automation: {switch.key}
When: {switch.set_at:%Y-%m-%d %H:%M:%S} UTC
Kill switch: {switch.id}

{switch.why}.

What starts from now on of this automation is held before its first step, also for records that have nothing to do with it.
What started before goes on. Nothing is lost.

Look at what started it (GET /automations/{switch.key}/evaluations). Then lift the switch, and what is held goes on
(POST /kill-switches/{switch.id}/lift), or cancel the executions that it holds first.
"""
    return Notification("error", f"[error] {switch.key}: what starts is held by a limit", body)
