"""The life of an execution: the words for its states, and for what is asked of it. What leads where is in `transitions`."""

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


def workflow_id(api_name: str, record: str | None, execution_id: str) -> str:
    """The id that the Temporal UI lists: automation and record can be told from it alone.

    `record` is the object's name and a readable form of the record's name, such as `lead:ada-lovelace`.
    """
    return f"{api_name}/{record or 'global'}/{execution_id}"


def web_ui_link(web_ui_url: str | None, namespace: str, workflow_id: str) -> str | None:
    """Where the Temporal UI shows the execution; None in a deployment that has none."""
    escaped = workflow_id.replace("/", "%2F").replace(":", "%3A")
    return f"{web_ui_url}/namespaces/{namespace}/workflows/{escaped}" if web_ui_url else None
