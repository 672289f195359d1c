"""From which state an execution can go to which, by what, and to what effect: the one table of it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from automations.executions import TERMINAL_STATES, PauseReason, RequestKind, State

By = RequestKind | Literal["step", "timer", "goal", "limit", "archive", "kill_switch", "temporal"]


class Stand(NamedTuple):
    """Where an execution is, or one of its lanes."""

    state: State
    reason: PauseReason | None = None
    step: str | None = None


@dataclass(frozen=True)
class Transition:
    """Out of one state, to one of several. Without a `reason` it holds whatever the reason of a pause."""

    state: State
    reason: PauseReason | None
    by: By
    to: tuple[Stand, ...]
    effect: str


_ACTIVE, _RETRYING = Stand("active"), Stand("retrying")
_COMPLETED, _CANCELED, _FAILED = Stand("completed"), Stand("canceled"), Stand("failed")
_DELAY, _GOAL, _ERROR = Stand("paused", "delay"), Stand("paused", "goal"), Stand("paused", "error")
_UNDECIDED, _MANUAL = Stand("paused", "condition_error"), Stand("paused", "manual")
_BY_STEP, _HELD = Stand("paused", "automation"), Stand("paused", "kill_switch")

_ONWARD = (_ACTIVE, _COMPLETED)
_STOOD = (_ACTIVE, _RETRYING, _DELAY, _GOAL, _ERROR, _UNDECIDED, _BY_STEP, _HELD)

_STEP_RAN = "what the step found out: the next step, a wait, a question, another attempt, or the end"
_NO_NEW_STEP = "no new step begins; the running one finishes"
_WAIT_PAUSED = "what comes after the wait is held; its clock goes on"
_ENDS = "ends at once, also during a long step; effects of earlier steps stay"
_GOES_ON = "goes on where it stood"
_PAST = "goes on after the step"
_ARCHIVED = "its record was archived: ends, and stays so when the record is back"
_SWITCHED = "a kill switch ends it"
_GONE = "its workflow ended or vanished without telling the store, which the reconciler makes up for"

TRANSITIONS: tuple[Transition, ...] = (
    Transition("active", None, "step", (*_STOOD, _COMPLETED, _CANCELED, _FAILED), _STEP_RAN),
    Transition("active", None, "limit", (_FAILED,), "one of the limits of a runaway execution is reached"),
    Transition("active", None, "pause", (_MANUAL,), _NO_NEW_STEP),
    Transition("active", None, "cancel", (_CANCELED,), _ENDS),
    Transition("active", None, "archive", (_CANCELED,), _ARCHIVED),
    Transition("active", None, "kill_switch", (_HELD, _CANCELED), "a kill switch holds it before its next step, or ends it"),
    Transition("active", None, "temporal", (_CANCELED, _FAILED, _COMPLETED), _GONE),
    Transition("retrying", None, "timer", (_ACTIVE,), "the next attempt begins"),
    Transition("retrying", None, "retry", (_ACTIVE,), "the next attempt is now"),
    Transition("retrying", None, "pause", (_MANUAL,), "no new attempt begins; the wait for it goes on"),
    Transition("retrying", None, "cancel", (_CANCELED,), _ENDS),
    Transition("retrying", None, "archive", (_CANCELED,), _ARCHIVED),
    Transition("retrying", None, "kill_switch", (_CANCELED,), _SWITCHED),
    Transition("retrying", None, "temporal", (_CANCELED, _FAILED, _COMPLETED), _GONE),
    Transition("paused", "delay", "timer", _ONWARD, "the moment has come"),
    Transition("paused", "delay", "pause", (_MANUAL,), _WAIT_PAUSED),
    Transition("paused", "delay", "skip", _ONWARD, _PAST),
    Transition("paused", "goal", "goal", _ONWARD, "what it waited for has happened: goes down `met`"),
    Transition("paused", "goal", "timer", _ONWARD, "its time is up: goes down `not_met`"),
    Transition("paused", "goal", "pause", (_MANUAL,), _WAIT_PAUSED),
    Transition("paused", "goal", "skip", _ONWARD, "goes down the `path` that is said: `met` or `not_met`"),
    Transition("paused", "error", "resume", (_ACTIVE,), "runs the failed step again, with the newest document"),
    Transition("paused", "error", "skip", _ONWARD, _PAST),
    Transition("paused", "condition_error", "skip", _ONWARD, "goes down the `path` that is said: `yes` or `no`"),
    Transition("paused", "manual", "resume", _STOOD, _GOES_ON),
    Transition("paused", "automation", "resume", _ONWARD, _PAST),
    Transition("paused", "automation", "skip", _ONWARD, _PAST),
    Transition("paused", "kill_switch", "kill_switch", (_ACTIVE, _CANCELED), "the switch is lifted, or ends what it held"),
    Transition("paused", None, "cancel", (_CANCELED,), _ENDS),
    Transition("paused", None, "archive", (_CANCELED,), _ARCHIVED),
    Transition("paused", None, "kill_switch", (_CANCELED,), _SWITCHED),
    Transition("paused", None, "temporal", (_CANCELED, _FAILED, _COMPLETED), _GONE),
)

PATHS: dict[PauseReason, tuple[str, str]] = {"condition_error": ("yes", "no"), "goal": ("met", "not_met")}
"""What a skip has to choose between, by what is waited for."""


def applies(kind: RequestKind, state: State, reason: PauseReason | None) -> bool:
    """Whether a request means anything to an execution in this state."""
    return any(each.by == kind and each.state == state and each.reason in (None, reason) for each in TRANSITIONS)


def refusal(kind: RequestKind, state: State, reason: PauseReason | None, subject: str = "The execution") -> str | None:
    """Why a request does not apply, in a sentence; None if it does."""
    if applies(kind, state, reason):
        return None
    if state in TERMINAL_STATES:
        return f"{subject} is {state}: there is nothing to {kind}."
    found = f"{state} ({reason})" if reason else state
    if kind == "resume" and reason == "condition_error":
        return f"{subject} is {found}: choose a path with skip."
    if reason == "kill_switch":
        return f"{subject} is {found}: it goes on once the kill switch is lifted."
    return f"{subject} is {found}: {kind} does not apply."
