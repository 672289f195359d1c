"""The life of an execution: the words for its states, and for what is asked of it. What leads where is in `transitions`."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

State = Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
OpenState = Literal["active", "paused", "retrying"]
TerminalState = Literal["completed", "canceled", "failed"]
PauseReason = Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"]
CancelReason = Literal["person", "step", "record_archived", "kill_switch", "temporal"]
RequestKind = Literal["pause", "resume", "cancel", "skip", "retry"]

TERMINAL_STATES: frozenset[str] = frozenset(get_args(TerminalState))


RunName = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(/[0-9]{1,3})?$")]


class Request(BaseModel):
    """What a person asks of an execution; also the argument of the signal of that name.

    The same `id` twice is one request. `path` goes with the skip of a condition. `step` names the step that is meant, where
    several lanes stand on steps of their own; without it all are meant to which the request applies. `runs` names the step runs
    that stood there when it was asked, as `7`, or `7/2` for the wait for a second attempt: it reaches these even if it comes
    before they wait, and never a later one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    kind: RequestKind
    by: str = ""
    why: str = ""
    path: str | None = None
    step: str | None = None
    runs: Annotated[list[RunName], Field(max_length=100)] = []
    cause: CancelReason = "person"


def canceled_by(request: Request) -> str:
    """The reason of an execution that a request ended."""
    by = request.by or ("a person" if request.cause == "person" else "")
    return f"canceled{f' by {by}' if by else ''}{f': {request.why}' if request.why else ''}"


def workflow_id(api_name: str, record: str | None, execution_id: str) -> str:
    """The id that the Temporal UI lists: automation and record can be told from it alone.

    `record` is the object's name and a readable form of the record's name, such as `lead:ada-lovelace`.
    """
    return f"{api_name}/{record or 'global'}/{execution_id}"


def web_ui_link(web_ui_url: str | None, namespace: str, workflow_id: str) -> str | None:
    """Where the Temporal UI shows the execution; None in a deployment that has none."""
    escaped = workflow_id.replace("/", "%2F").replace(":", "%3A")
    return f"{web_ui_url}/namespaces/{namespace}/workflows/{escaped}" if web_ui_url else None
