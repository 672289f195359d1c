"""The life of an execution: its states, and what may be asked of it in each."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

State = Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
OpenState = Literal["active", "paused", "retrying"]
TerminalState = Literal["completed", "canceled", "failed"]
PauseReason = Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"]
CancelReason = Literal["person", "step", "record_archived", "kill_switch", "temporal"]
RequestKind = Literal["pause", "resume", "cancel", "skip", "retry"]

TERMINAL_STATES: frozenset[str] = frozenset(get_args(TerminalState))


class Request(BaseModel):
    """What a person asks of an execution; also the argument of the signal of that name.

    The same `id` twice is one request. `path` goes with the skip of a condition. `step` names the step that is meant, where
    several lanes stand on steps of their own; without it all are meant to which the request applies.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    kind: RequestKind
    by: str = ""
    why: str = ""
    path: str | None = None
    step: str | None = None
    cause: CancelReason = "person"


def applies(kind: RequestKind, state: State, reason: PauseReason | None) -> bool:
    """Whether a request means anything to an execution in this state."""
    match kind:
        case "cancel":
            return state not in TERMINAL_STATES
        case "pause":
            return state in ("active", "retrying") or (state == "paused" and reason == "delay")
        case "resume":
            return state == "paused" and reason in ("manual", "error", "automation")
        case "skip":
            return state == "paused" and reason in ("delay", "error", "condition_error", "automation")
        case "retry":
            return state == "retrying"


def refusal(kind: RequestKind, state: State, reason: PauseReason | None) -> str | None:
    """Why a request does not apply, in a sentence; None if it does."""
    if applies(kind, state, reason):
        return None
    if state in TERMINAL_STATES:
        return f"The execution is {state}: there is nothing to {kind}."
    if kind == "resume" and reason == "condition_error":
        return "The condition could not be decided: choose a path with skip."
    found = f"{state} ({reason})" if reason else state
    return f"The execution is {found}: {kind} does not apply."


def workflow_id(api_name: str, record: str | None, execution_id: str) -> str:
    """The id that the Temporal UI lists: automation and record can be told from it alone.

    `record` is the object's name and a readable form of the record's name, such as `lead:ada-lovelace`.
    """
    return f"{api_name}/{record or 'global'}/{execution_id}"
