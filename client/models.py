"""Written by `make client` from the description of the gateway: not to be edited."""

from __future__ import annotations

from datetime import date as date_aliased
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints


class ActivityPatch(BaseModel):
    """
    What is left out stays as it is; null takes the assignee or the role away.
    """

    model_config = ConfigDict(extra="forbid")
    note: str | None = None
    due_at: AwareDatetime | None = None
    assigned_to: Annotated[str | None, Field(description="An employee's id or email address")] = None
    assigned_role: Annotated[str | None, Field(description="For anybody of this role")] = None
    by: Annotated[str, Field(description="Who does it, or else the name of the API key; told with the event")] = ""


class ActivityView(BaseModel):
    """
    `by` is who did the last thing to it; blank if nobody said. `execution_id` is the execution that scheduled it.
    """

    id: UUID
    record_id: UUID
    type: str
    status: Literal["scheduled", "completed", "canceled"]
    note: str
    due_at: AwareDatetime | None
    assigned_to: UUID | None
    assigned_role: str | None
    execution_id: UUID | None
    by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    completed_at: AwareDatetime | None


class AffectedView(BaseModel):
    """
    An open execution: the steps it stands on, and the changed and deleted steps that it may still come to, these included.

    `stands_on` says whether it stands on one of them already.
    """

    id: UUID
    state: Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
    pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None
    steps: list[str]
    affected: list[str]
    stands_on: bool


class Answer(BaseModel):
    """
    What an outside call is answered: an HTTP status and a body. Or the sentence that says why it `fails`.
    """

    model_config = ConfigDict(extra="forbid")
    status: int = 200
    body: Any | None = None
    fails: str | None = None


class BulkFilter(BaseModel):
    """
    Those that are not over, of the criteria of the list; `all` says on purpose that there are none.
    """

    model_config = ConfigDict(extra="forbid")
    automation: str | None = None
    object: str | None = None
    record_id: UUID | None = None
    state: list[Literal["active", "paused", "retrying", "completed", "canceled", "failed"]] = []
    pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None = None
    cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None = None
    step_id: str | None = None
    trigger_type: str | None = None
    priority: Literal["regular", "low"] | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    restarted_from: UUID | None = None
    bulk_start_id: UUID | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    updated_after: AwareDatetime | None = None
    updated_before: AwareDatetime | None = None
    finished_after: AwareDatetime | None = None
    finished_before: AwareDatetime | None = None
    open: bool | None = None
    failed_steps: bool | None = None
    all: Literal[True] | None = None


class BulkRequestBody(BaseModel):
    """
    Which executions, by `ids` or by a `filter` with a `limit`; who asks, and why. `path` goes with skips.

    `cursor` goes on behind what an answer with the same filter came to.
    """

    model_config = ConfigDict(extra="forbid")
    ids: list[UUID] | None = None
    filter: BulkFilter | None = None
    limit: int = 10000
    cursor: str | None = None
    by: str = ""
    why: str = ""
    path: str | None = None


class BulkRequestItem(BaseModel):
    """
    What came of it for one execution; `outcome` is null until its turn.

    `code` and `sentence` are those that a request of its own would be refused with.
    """

    id: UUID
    outcome: Literal["asked", "refused", "not_found"] | None = None
    code: str | None = None
    sentence: str | None = None


class BulkRequestProgress(BaseModel):
    """
    How far it is. `left` are the executions that have not had their turn.

    `per_second`: its turns so far, over the time they took. `reason` says why it was canceled.
    """

    id: UUID
    kind: Literal["pause", "resume", "cancel", "skip", "retry"]
    state: Literal["running", "completed", "canceled"]
    total: int
    asked: int
    refused: int
    not_found: int
    left: int
    per_second: float | None
    reason: str | None
    by: str
    why: str
    path: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None


class BulkRequestView(BaseModel):
    """
    `more`: the filter finds more, behind `next_cursor`. `items` are for who waited until all were asked.
    """

    id: UUID
    kind: Literal["pause", "resume", "cancel", "skip", "retry"]
    state: Literal["running", "completed", "canceled"]
    total: int
    asked: int
    refused: int
    not_found: int
    left: int
    per_second: float | None
    reason: str | None
    by: str
    why: str
    path: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None
    items: list[BulkRequestItem] | None = None
    more: bool = False
    next_cursor: str | None = None


class BulkStartRecordView(BaseModel):
    """
    What became of a record. `reason` is a code where it was skipped, a sentence where it failed.

    `execution_id`: what was started, or the newest of those that were resumed.
    """

    record_id: UUID
    outcome: Literal["started", "resumed", "skipped", "failed"] | None
    reason: str | None
    execution_id: UUID | None


class CancelBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: str = ""
    why: str = ""


class ChoiceField(BaseModel):
    """
    One of the options; `checkboxes` takes several.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["checkboxes", "dropdown", "radio", "status"]
    options: list[str]


class CountView(BaseModel):
    """
    `more`: there are more than were counted.
    """

    count: int
    more: bool


class DayOff(BaseModel):
    model_config = ConfigDict(extra="forbid")
    date: date_aliased
    name: str = ""


class DecimalField(BaseModel):
    """
    `scale` is the number of digits after the point; without one, as many as the value has.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["decimal"]
    scale: int | None = None


class DeletedAutomationView(BaseModel):
    """
    `canceled`: how many open executions were asked to end.
    """

    id: UUID
    api_name: str
    deleted_at: AwareDatetime
    canceled: int


class DeletedRecordView(BaseModel):
    """
    `canceled`: how many open executions were asked to end.
    """

    id: UUID
    deleted_at: AwareDatetime
    canceled: int


class DeliveryView(BaseModel):
    """
    A call, and what came of it: `reason` and `detail` say why it started nothing. `size` is that of the body in bytes.
    """

    id: UUID
    automation: str
    automation_id: UUID
    webhook: str
    method: str
    content_type: str
    query: str
    size: int
    received_at: AwareDatetime
    idempotency_key: str | None
    replay_of: UUID | None
    event_id: UUID | None
    outcome: Literal["started", "not_started"]
    reason: str | None
    detail: str | None
    execution_id: UUID | None


class DoneBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: Annotated[str, Field(description="Who does it, or else the name of the API key; told with the event")] = ""


class DryStepView(BaseModel):
    """
    One visit of one step. Times are those of the dry run's clock; `waited_until` is where it jumped over a wait.
    """

    sequence: int
    lane: str
    step_id: str
    step_type: str
    description: str
    status: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    waited_until: AwareDatetime | None
    used: list[dict[str, Any]]
    output: dict[str, Any]
    error: dict[str, Any] | None
    next: dict[str, Any] | None


class DuplicateBody(BaseModel):
    """
    Without a `name`: that of the automation, and that it is a copy.
    """

    model_config = ConfigDict(extra="forbid")
    api_name: str
    name: str | None = None


class EmployeeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    roles: list[str] = []
    active: bool = True
    phone: str | None = None


class EmployeeView(BaseModel):
    id: UUID
    email: str
    name: str
    roles: list[str]
    active: bool
    phone: str | None


class EvaluatedEventView(BaseModel):
    """
    What happened: `payload` is null where it is large; `GET /events/{id}` has it.
    """

    id: UUID
    kind: str
    event_at: AwareDatetime
    payload: dict[str, Any] | None


class EvaluatedView(BaseModel):
    """
    An event, what a trigger made of it, and the same in a sentence. `waiting`: for a worker that can read the trigger.
    """

    id: UUID
    trigger_id: str
    record_id: UUID | None
    record_name: str | None
    event: EvaluatedEventView
    evaluated_at: AwareDatetime
    outcome: Literal["started", "not_started", "waiting"]
    reason: (
        Literal[
            "skipped",
            "inactive",
            "before_activation",
            "no_record",
            "filtered",
            "killed",
            "loop",
            "throttled",
            "duplicate",
            "error",
            "unreadable",
        ]
        | None
    )
    detail: str | None
    execution_id: UUID | None
    sentence: str


class EvaluationView(BaseModel):
    """
    What a trigger made of an event: the execution that it started, or the reason why it did not.
    """

    automation: str
    trigger_id: str
    outcome: str
    reason: str | None
    detail: str | None
    execution_id: UUID | None
    evaluated_at: AwareDatetime


class EventView(BaseModel):
    """
    `evaluated_at` is null until its turn has come; no evaluations after that: no trigger listens to it.

    `problem` says why it could not be evaluated and was set aside; it is tried again at `retry_at`. Those of `priority` low are
    evaluated behind regular ones. `automation` and `trigger_id` name the one trigger that an event such as a date concerns,
    `root_id` and `depth` the chain of executions that it came out of. In a list `payload` is null where it is large.
    """

    id: UUID
    kind: str
    record_id: UUID | None
    event_at: AwareDatetime
    evaluated_at: AwareDatetime | None
    payload: dict[str, Any] | None
    priority: Literal["regular", "low"]
    problem: str | None
    retry_at: AwareDatetime | None
    automation: str | None
    trigger_id: str | None
    root_id: UUID | None
    depth: int
    evaluations: list[EvaluationView]


class ExplanationView(BaseModel):
    """
    A sentence for people, and what it is made of. Moments are in UTC; `until_local` is in the timezone of the business.

    Where several lanes are open the sentence tells of the most urgent one, and `facts.lanes` explains each.
    """

    sentence: str
    facts: dict[str, Any]


class FieldChangeView(BaseModel):
    field: str
    before: Any
    after: Any
    step_id: str
    record_id: UUID | None


class FileView(BaseModel):
    """
    `size` in bytes.
    """

    id: UUID
    name: str
    media_type: str
    size: int
    created_at: AwareDatetime
    created_by: str


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class HeardView(BaseModel):
    """
    A trigger that listens to the event: it would start its automation, or not for a reason.
    """

    automation: str
    trigger_id: str
    would_start: bool
    reason: (
        Literal[
            "skipped",
            "inactive",
            "before_activation",
            "no_record",
            "filtered",
            "killed",
            "loop",
            "throttled",
            "duplicate",
            "error",
            "unreadable",
        ]
        | None
    )
    detail: str | None


class IncomingTextView(BaseModel):
    """
    `message_id`: the last text that went to the number, which this one answers. `event_id` is null where it is no record's.
    """

    id: UUID
    provider_id: str
    sender: str
    recipient: str
    body: str
    received_at: AwareDatetime
    record_id: UUID | None
    message_id: UUID | None
    event_id: UUID | None


class KeptView(BaseModel):
    """
    `duplicate`: the event was told of before, and this is its id since then.
    """

    id: UUID
    duplicate: bool


class KeyView(BaseModel):
    """
    A key as it is kept: `hint` is its end. `replaced_by` is the key that was made in its place.
    """

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    requests_per_minute: int | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    revoked_by: str | None
    replaced_by: UUID | None


class LaneView(BaseModel):
    """
    Where one of several lanes is: `fork:sales` is the lane sales of the branch fork.
    """

    lane: str
    state: Literal["active", "paused", "retrying"]
    pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None
    waiting_until: AwareDatetime | None
    retry_at: AwareDatetime | None
    attempt: int
    reason: str | None
    step_id: str | None


class LiftBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    by: str = ""
    why: str


class MadeKeyView(BaseModel):
    """
    The key itself is told this once.
    """

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    requests_per_minute: int | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    revoked_by: str | None
    replaced_by: UUID | None
    key: str


class MadeSecretView(BaseModel):
    """
    The secret itself is told this once.
    """

    id: UUID
    hint: str
    created_at: AwareDatetime
    retires_at: AwareDatetime | None
    secret: str


class MessageErrorView(BaseModel):
    """
    Why it has not gone out.
    """

    code: str
    sentence: str


class MessageTemplateBody(BaseModel):
    """
    A mail has a subject, and a `body`, `html` or both; a text has a body alone.
    """

    model_config = ConfigDict(extra="forbid")
    channel: Literal["email", "text"]
    name: str
    subject: str = ""
    body: str = ""
    html: Annotated[str | None, Field(description="Values in it are written so that they cannot be taken for HTML")] = None


class MessageTemplateView(BaseModel):
    """
    `revision` is the ETag.
    """

    api_name: str
    channel: Literal["email", "text"]
    name: str
    subject: str
    body: str
    html: str | None
    revision: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class MessageView(BaseModel):
    """
    A message of a step run. `place` counts those that one step run sends.

    `in_doubt`: how often it was handed over without an answer; `refused` are recipients that were not taken while others were;
    `delivery` is the last that a provider of texts said of it.
    """

    id: UUID
    execution_id: UUID
    automation: str
    sequence: int
    place: int
    channel: Literal["email", "text"]
    record_id: UUID | None
    sender: str
    recipients: list[str]
    cc: list[str]
    subject: str
    template: str | None
    state: Literal["queued", "sent", "failed"]
    in_doubt: int
    refused: list[str]
    error: MessageErrorView | None
    provider_id: str | None
    delivery: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    sent_at: AwareDatetime | None


class MissingWorkflowView(BaseModel):
    """
    An open execution without a workflow.
    """

    execution_id: UUID
    automation: str
    state: Literal["active", "paused", "retrying"]
    workflow_id: str
    found_at: AwareDatetime


class MoneyField(BaseModel):
    """
    An amount in one currency (ISO 4217).
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["money"]
    currency: str = "EUR"
    scale: int = 2


class MovedView(BaseModel):
    """
    What put it off, day by day; the first one is the day it was meant for.
    """

    planned: AwareDatetime
    passed: list[dict[str, str]]


class NewActivity(BaseModel):
    """
    `completed` logs what is done already, `scheduled` what is to be done by `due_at`.
    """

    model_config = ConfigDict(extra="forbid")
    type: str
    status: Literal["completed", "scheduled"]
    note: str = ""
    due_at: AwareDatetime | None = None
    assigned_to: Annotated[str | None, Field(description="An employee's id or email address")] = None
    assigned_role: Annotated[str | None, Field(description="For anybody of this role")] = None
    by: Annotated[str, Field(description="Who does it, or else the name of the API key; told with the event")] = ""


class NewKeyBody(BaseModel):
    """
    `name` says who or what uses the key: it is what histories and the audit log call its caller.

    `scopes` such as `executions:operate`, or `records:edit@object/lead` and `automations:view@automation/demo-request` for a part
    of it. Without an expiry the key holds until it is revoked, without `requests_per_minute` the limit of the settings.
    """

    model_config = ConfigDict(extra="forbid")
    expires_at: AwareDatetime | None = None
    expires_in_days: int | None = None
    name: str
    scopes: list[str]
    requests_per_minute: int | None = None


class NewRecord(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str | None = None
    values: Annotated[dict[str, Any], Field(description="By field name; null clears a field")] = {}
    stage: str | None = None
    owner: Annotated[str | None, Field(description="An employee's id or email address")] = None


class NewSecret(BaseModel):
    """
    For how long the secret before it is still taken.
    """

    model_config = ConfigDict(extra="forbid")
    grace_hours: float = 24


class ObstacleView(BaseModel):
    """
    What keeps a trigger from starting something now, or lets it wait.
    """

    code: str
    sentence: str


class ActivityViewPage(BaseModel):
    items: list[ActivityView]
    next_cursor: str | None = None


class BulkRequestItemPage(BaseModel):
    items: list[BulkRequestItem]
    next_cursor: str | None = None


class BulkRequestProgressPage(BaseModel):
    items: list[BulkRequestProgress]
    next_cursor: str | None = None


class BulkStartRecordViewPage(BaseModel):
    items: list[BulkStartRecordView]
    next_cursor: str | None = None


class DeliveryViewPage(BaseModel):
    items: list[DeliveryView]
    next_cursor: str | None = None


class EmployeeViewPage(BaseModel):
    items: list[EmployeeView]
    next_cursor: str | None = None


class EvaluatedViewPage(BaseModel):
    items: list[EvaluatedView]
    next_cursor: str | None = None


class EventViewPage(BaseModel):
    items: list[EventView]
    next_cursor: str | None = None


class IncomingTextViewPage(BaseModel):
    items: list[IncomingTextView]
    next_cursor: str | None = None


class KeyViewPage(BaseModel):
    items: list[KeyView]
    next_cursor: str | None = None


class MessageTemplateViewPage(BaseModel):
    items: list[MessageTemplateView]
    next_cursor: str | None = None


class MessageViewPage(BaseModel):
    items: list[MessageView]
    next_cursor: str | None = None


class MissingWorkflowViewPage(BaseModel):
    items: list[MissingWorkflowView]
    next_cursor: str | None = None


class PlainField(BaseModel):
    """
    A field that needs no more than its type.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal[
        "checkbox",
        "date",
        "datetime",
        "email",
        "files",
        "integer",
        "longtext",
        "phone",
        "tags",
        "text",
        "timezone",
        "wysiwyg",
        "yes_no",
        "yes_no_maybe",
    ]


class Problem(BaseModel):
    """
    One finding of a save: an error refuses it, a warning comes back with it, and so does a hint of how it may be better.

    `path` is the place as the author wrote it: `steps[2].if.all[0].field`, empty for the document itself. The codes never change;
    `docs/validation.md` and `docs/lint.md` list them.
    """

    path: str
    code: str
    sentence: str
    severity: Literal["error", "warning", "hint"] = "error"


class ProblemItem(BaseModel):
    """
    One of several mistakes: where it is, as in `steps[2].if.all[0].field`, and what it is.
    """

    path: str
    code: str
    sentence: str


class RatingField(BaseModel):
    """
    A whole number from 1 to `max`.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["rating"]
    max: int = 5


class ReachView(BaseModel):
    """
    Where a scope holds: everywhere, or for these objects and automations.
    """

    scope: Literal[
        "automations:view",
        "automations:edit",
        "automations:remove",
        "executions:operate",
        "records:view",
        "records:edit",
        "records:remove",
        "events:write",
        "admin",
    ]
    everywhere: bool
    objects: list[str]
    automations: list[str]


class Readiness(BaseModel):
    """
    `notes`: what an operator is to look at, although the gateway is ready.
    """

    status: Literal["ok"] = "ok"
    notes: Annotated[list[ProblemItem], Field(validate_default=True)] = []


class RecordChange(BaseModel):
    """
    What is left out stays as it is. With `revision`, the change is refused if the record is at another one.
    """

    model_config = ConfigDict(extra="forbid")
    name: str | None = None
    values: Annotated[dict[str, Any], Field(description="By field name; null clears a field")] = {}
    stage: str | None = None
    owner: Annotated[str | None, Field(description="An employee's id or email address")] = None
    revision: int | None = None


class RecordView(BaseModel):
    id: UUID
    object: str
    name: str
    values: dict[str, Any]
    stage: str | None
    owner_id: UUID | None
    revision: int
    archived_at: AwareDatetime | None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class RecoveryBody(BaseModel):
    """
    `start_again`: each open execution goes on from its row, in a new workflow where the old one is gone.

    `end`: those without a workflow are canceled.
    """

    model_config = ConfigDict(extra="forbid")
    decision: Literal["start_again", "end"]
    by: str = ""
    why: str = ""


class RecoveryView(BaseModel):
    """
    How far it is. `looked_at` counts executions, `closed` workflows of executions that were over.
    """

    id: UUID
    decision: Literal["start_again", "end"]
    by: str
    why: str
    looked_at: int
    started: int
    reloaded: int
    ended: int
    closed: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None


class RelatedFilter(BaseModel):
    """
    About a field of the record that a relationship field leads to: `company.tier`.
    """

    model_config = ConfigDict(extra="forbid")
    related: str
    op: str
    value: Any | None = None


class RelationshipField(BaseModel):
    """
    Records of another object.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["relationship"]
    object: str
    many: bool = False


class RequestBody(BaseModel):
    """
    Who asks, and why; both are kept in the history.

    `path` goes with the skip of a condition, yes or no, or of a goal, met or not_met. `step` says which one is meant where
    several lanes stand on steps of their own.
    """

    model_config = ConfigDict(extra="forbid")
    by: str = ""
    why: str = ""
    path: str | None = None
    step: str | None = None


class RequestView(BaseModel):
    """
    What was asked of the execution, by whom, why and when. Blank `asked_by`: nobody said.
    """

    kind: Literal["pause", "resume", "cancel", "skip", "retry"] | Literal["restart"]
    asked_by: str
    why: str
    step_id: str | None
    path: str | None
    asked_at: AwareDatetime


class RestartBody(BaseModel):
    """
    At which step; who asks, and why. `variables` take the place of the carried values, by name.
    """

    model_config = ConfigDict(extra="forbid")
    step: str
    by: str = ""
    why: str = ""
    variables: dict[str, Any] = {}


class RevokeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    why: str = ""


class RotateBody(BaseModel):
    """
    For how long the old key is still taken. Without an expiry the new key lives as long as the old one was to.
    """

    model_config = ConfigDict(extra="forbid")
    expires_at: AwareDatetime | None = None
    expires_in_days: int | None = None
    grace_hours: float = 24


class SecretValue(BaseModel):
    """
    At least 4 characters beside the blanks around them, 64 KiB at most.
    """

    model_config = ConfigDict(extra="forbid")
    value: SecretStr


class SecretView(BaseModel):
    """
    `hint` is the end of it. Null `retires_at`: until another one takes its place.
    """

    id: UUID
    hint: str
    created_at: AwareDatetime
    retires_at: AwareDatetime | None


class SortBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    field: str
    direction: Literal["asc", "desc"] = "asc"


class StartBody(BaseModel):
    """
    `variables` take the place of their sources, by name.

    With `resume_paused` paused executions of the automation on the record go on as they are, if there are any that a resume gets
    going, in place of a new start.
    """

    model_config = ConfigDict(extra="forbid")
    record_id: UUID | None = None
    variables: dict[str, Any] = {}
    resume_paused: bool = False
    by: str = ""


class StartedView(BaseModel):
    """
    The new execution; or the newest of those that were `resumed`, oldest first, in its place.
    """

    id: UUID
    automation: str
    automation_deleted: bool = False
    record_id: UUID | None
    record_name: str | None
    object: str | None
    state: Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
    pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None
    waiting_until: AwareDatetime | None
    retry_at: AwareDatetime | None
    attempt: int
    reason: str | None
    cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None
    warning: str | None
    requested: str | None
    step_id: str | None
    steps_run: int
    steps_failed: int
    lanes: list[LaneView]
    priority: Literal["regular", "low"]
    trigger: dict[str, Any]
    parent_id: UUID | None
    root_id: UUID
    depth: int
    restarted_from: UUID | None
    restarted_as: list[UUID] = []
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None
    workflow_id: str
    web_ui_url: str | None = None
    resumed: list[UUID] = []


class StepRunView(BaseModel):
    """
    One visit of one step, as it ran: its own configuration, the values that it used, what came out, and each failed attempt.

    `lane` is empty for the main one, `deleted` says whether a save has deleted the step since.
    """

    sequence: int
    lane: str
    step_id: str
    step_type: str
    description: str
    status: str
    attempt: int
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    duration_ms: float | None
    used: list[dict[str, Any]]
    output: dict[str, Any]
    error: dict[str, Any] | None
    failures: list[dict[str, Any]]
    next: dict[str, Any] | None
    revision: int
    configuration: dict[str, Any] | None
    deleted: bool


class StepType(BaseModel):
    """
    `contexts`: automations with an object, and those without. `objects`: of which objects the records may be. `paths`: the
    lists of steps below it. `reaches_outside`: it calls other systems, so that a dry run takes an answer for it.

    `options` is the JSON Schema of such a step without that of the steps below it.
    """

    type: str
    description: str
    contexts: list[Literal["record", "global"]]
    objects: Literal["any", "contacts", "with_stages"]
    paths: list[str]
    reaches_outside: bool
    options: dict[str, Any]


class StoredSecretView(BaseModel):
    """
    What is known of a secret; its value is not told.
    """

    name: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    updated_by: str


class SuppressionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Literal["unsubscribed", "bounced", "complained", "by_hand"] = "by_hand"


class SuppressionView(BaseModel):
    """
    `message_id` is the message by whose link somebody unsubscribed.
    """

    channel: Literal["email", "text"]
    address: str
    reason: Literal["unsubscribed", "bounced", "complained", "by_hand"]
    message_id: UUID | None
    created_at: AwareDatetime
    created_by: str


class SwitchBody(BaseModel):
    """
    `key` names the automation, step type or host (`*.example.com` with all hosts below it); scope `all` takes none.
    """

    model_config = ConfigDict(extra="forbid")
    scope: Literal["all", "automation", "step_type", "host"]
    key: str = ""
    mode: Literal["hold", "cancel"]
    by: str = ""
    why: str


class SwitchView(BaseModel):
    """
    A switch as it is kept. It stands until `lifted_at`; by `released_at` all that it held had gone on.

    One that a limit tripped names the limit, and concerns only what was created after that moment.
    """

    id: UUID
    scope: Literal["all", "automation", "step_type", "host"]
    key: str
    mode: Literal["hold", "cancel"]
    set_by: str
    why: str
    set_at: AwareDatetime
    tripped_by: str | None
    created_after: AwareDatetime | None
    lifted_by: str | None
    lifted_why: str | None
    lifted_at: AwareDatetime | None
    released_at: AwareDatetime | None


class TeamSelectorField(BaseModel):
    """
    Employees.
    """

    model_config = ConfigDict(extra="forbid")
    name: str
    label: str | None = None
    required: bool = False
    type: Literal["team_selector"]
    many: bool = False


class ToldView(BaseModel):
    """
    In the order in which they were told.
    """

    events: list[KeptView]


class TriggerExplanationView(BaseModel):
    """
    Why a trigger did or did not fire: in a sentence, and what that is made of.

    `listens_since`: what happened before does not count. `waiting` are events that it may answer and that are yet to be
    evaluated, of `waiting_in_all`; `due` are the next times of a trigger that goes by time. `evaluations` are newest first.
    """

    sentence: str
    trigger_id: str
    type: str
    does: str
    active: bool
    skip: bool
    listens_since: AwareDatetime | None
    obstacles: list[ObstacleView]
    waiting: int
    waiting_in_all: int
    waiting_since: AwareDatetime | None
    due: list[AwareDatetime]
    evaluations: list[EvaluatedView]
    next_cursor: str | None


class TriggerFactsBody(BaseModel):
    """
    What an event tells, as sources and templates read it of the trigger.
    """

    model_config = ConfigDict(extra="forbid")
    old: Any | None = None
    new: Any | None = None
    field: str | None = None
    tags: list[str] = []
    form: str | None = None
    survey: str | None = None
    url: str | None = None
    message: str | None = None
    link: str | None = None
    date: str | None = None
    activity: dict[str, Any] = {}
    values: dict[str, Any] = {}


class TriggerType(BaseModel):
    """
    `contexts`: automations with an object, and those without. `in_goals`: whether a goal may wait for it too.
    """

    type: str
    description: str
    contexts: list[Literal["record", "global"]]
    in_goals: bool
    options: dict[str, Any]


class UpsertBody(BaseModel):
    """
    `match` is one field and the value that the record is known by, or its name: an email address, as a rule.

    What is left out stays as it is, and null clears a field; a new record is named by what it is known by unless it has a `name`.
    `on_archived` says what becomes of an archived one where there is no other.
    """

    model_config = ConfigDict(extra="forbid")
    match: Annotated[dict[str, Any], Field(max_length=1, min_length=1)]
    name: str | None = None
    values: Annotated[dict[str, Any], Field(description="By field name; null clears a field")] = {}
    stage: str | None = None
    owner: Annotated[str | None, Field(description="An employee's id or email address")] = None
    on_archived: Literal["unarchive", "refuse", "create"] = "unarchive"


class ValidationView(BaseModel):
    """
    `problems` would refuse a save; `warnings` would come with it, `hints` say what may be meant otherwise.
    """

    valid: bool
    problems: Annotated[list[Problem], Field(validate_default=True)] = []
    warnings: Annotated[list[Problem], Field(validate_default=True)] = []
    hints: Annotated[list[Problem], Field(validate_default=True)] = []


class VariableFilter(BaseModel):
    model_config = ConfigDict(extra="forbid")
    variable: str
    op: str
    value: Any | None = None


class VariableView(BaseModel):
    name: str
    type: str
    list: bool
    value: Any


class WebhookView(BaseModel):
    """
    `execution_id` is null where the call was taken and started nothing; the reason is kept.
    """

    execution_id: UUID | None
    automation_id: UUID


class WholeDeliveryView(BaseModel):
    """
    With the body: as text where it is UTF-8, else in base64.
    """

    id: UUID
    automation: str
    automation_id: UUID
    webhook: str
    method: str
    content_type: str
    query: str
    size: int
    received_at: AwareDatetime
    idempotency_key: str | None
    replay_of: UUID | None
    event_id: UUID | None
    outcome: Literal["started", "not_started"]
    reason: str | None
    detail: str | None
    execution_id: UUID | None
    body: str
    encoding: Literal["text", "base64"]


class WholeMessageView(BaseModel):
    id: UUID
    execution_id: UUID
    automation: str
    sequence: int
    place: int
    channel: Literal["email", "text"]
    record_id: UUID | None
    sender: str
    recipients: list[str]
    cc: list[str]
    subject: str
    template: str | None
    state: Literal["queued", "sent", "failed"]
    in_doubt: int
    refused: list[str]
    error: MessageErrorView | None
    provider_id: str | None
    delivery: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    sent_at: AwareDatetime | None
    body: str
    html: str | None


class WouldView(BaseModel):
    """
    What would have left the house. `assumed`: no answer was given for the step, so it was one that says all is well.
    """

    step_id: str
    kind: Literal["http_request", "mail", "text", "start", "request", "error_notification"]
    says: str
    details: dict[str, Any]
    assumed: bool


class ProblemDetails(BaseModel):
    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: Annotated[list[ProblemItem], Field(validate_default=True)] = []


class AuditView(BaseModel):
    """
    Something that a person did. `actor` is whom the caller spoke for, or else the name of its key.

    `action` such as automation.saved was done to the `kind` of thing that `target` names. In a list `before` and `after` are null
    where they are large, and `shortened` says so. Null `key_id`: it was done beside the gateway.
    """

    id: UUID
    at: AwareDatetime
    actor: str
    key_id: UUID | None
    key_name: str | None
    action: str
    kind: str
    target: str
    why: str
    before: Any
    after: Any
    shortened: bool
    request_id: str | None


class AutomationView(BaseModel):
    """
    An automation at its newest revision.

    `warnings` and `hints` come with a save; later `warnings` say which triggers went wrong since then, and, of the automation
    itself (`held`), that a kill switch holds what it starts. `paused` and
    `already_paused` come with a save that asks the executions it affects to pause. `unchanged`: it said what the revision
    before says, and made no other.
    """

    id: UUID
    api_name: str
    name: str
    object: str | None
    active: bool
    revision: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    document: dict[str, Any]
    warnings: Annotated[list[Problem], Field(validate_default=True)] = []
    hints: Annotated[list[Problem], Field(validate_default=True)] = []
    unchanged: bool = False
    paused: list[UUID] = []
    already_paused: list[UUID] = []


class BusinessCalendar(BaseModel):
    """
    Whole days only; all in the business's timezone.
    """

    model_config = ConfigDict(extra="forbid")
    working_days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] | None = None
    country: Annotated[str | None, Field(description="ISO 3166-1 alpha-2; its public holidays are not worked")] = None
    subdivision: Annotated[str | None, Field(description="ISO 3166-2 without the country, such as BY")] = None
    days_off: Annotated[list[DayOff], Field(validate_default=True)] = []
    working_dates: Annotated[list[date_aliased], Field(description="Worked, whatever else they are")] = []


class DryEventView(BaseModel):
    step_id: str
    kind: str
    record_id: UUID | None
    payload: dict[str, Any]
    heard_by: list[HeardView]


class DryRunView(BaseModel):
    """
    What came of it: how it ended and why, the ids of the steps in their order, and all that it would have done.

    `stopped`: by a limit of dry runs. `paused`: a person would have to do something.
    """

    outcome: Literal["completed", "canceled", "failed"] | Literal["paused", "stopped"]
    reason: str
    record_id: UUID | None
    began_at: AwareDatetime
    ended_at: AwareDatetime
    path: list[str]
    timeline: list[DryStepView]
    field_changes: list[FieldChangeView]
    variables: dict[str, Any]
    would: list[WouldView]
    events: list[DryEventView]
    warnings: list[str]


class DueView(BaseModel):
    """
    When a trigger is due for a record, by the value of a field or by a crm activity.

    `moved` where it fell on a day that is not worked.
    """

    record_id: UUID
    record_name: str
    due_at: AwareDatetime
    field: str | None = None
    value: Any | None = None
    activity: dict[str, Any] | None = None
    moved: MovedView | None = None


class ExecutionView(BaseModel):
    """
    An execution: where it is, why, and where it came from. Times are UTC.

    `lanes` are those that run or wait side by side, where there are several. `restarted_from` is the execution that it takes up,
    `restarted_as` are those that took it up. `automation_deleted`: another automation may go by that name by now.
    """

    id: UUID
    automation: str
    automation_deleted: bool = False
    record_id: UUID | None
    record_name: str | None
    object: str | None
    state: Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
    pause_reason: Literal["delay", "goal", "error", "condition_error", "manual", "automation", "kill_switch"] | None
    waiting_until: AwareDatetime | None
    retry_at: AwareDatetime | None
    attempt: int
    reason: str | None
    cancel_reason: Literal["person", "step", "record_archived", "kill_switch", "temporal"] | None
    warning: str | None
    requested: str | None
    step_id: str | None
    steps_run: int
    steps_failed: int
    lanes: list[LaneView]
    priority: Literal["regular", "low"]
    trigger: dict[str, Any]
    parent_id: UUID | None
    root_id: UUID
    depth: int
    restarted_from: UUID | None
    restarted_as: list[UUID] = []
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None
    workflow_id: str
    web_ui_url: str | None = None


class FieldFilter(BaseModel):
    """
    About a field, or one of the record's own: stage, owner, name, created_at, updated_at.
    """

    model_config = ConfigDict(extra="forbid")
    field: str
    op: str
    value: Any | None = None


class HistoryView(BaseModel):
    """
    What started the execution, in a sentence and as it is kept, its step runs in order, and all that was asked of it.

    `acts_as`: whoever started it, its steps are not limited by a person's permissions; `acting` says so in a sentence.
    """

    started: str
    acts_as: Literal["system"] = "system"
    acting: str = (
        "It acts as the system: what its steps do is not limited by the permissions of whoever saved or started the automation."
    )
    trigger: dict[str, Any]
    step_runs: list[StepRunView]
    requests: list[RequestView]
    next_after: int | None


class ImpactView(BaseModel):
    """
    What a document would change: steps by their ids, variables among them. `revision` is the one that it would replace.

    `executions` are the first of `total`, by id; the next ones come `after` the last of them.
    """

    revision: int | None
    changed: list[str] = []
    deleted: list[str] = []
    executions: Annotated[list[AffectedView], Field(validate_default=True)] = []
    total: int = 0
    warnings: list[Problem]


class ObjectBody(BaseModel):
    """
    A definition; without an `api_name` it goes by that of the address.
    """

    model_config = ConfigDict(extra="forbid")
    api_name: str = ""
    name: str
    fields: list[
        Annotated[
            PlainField | DecimalField | MoneyField | ChoiceField | RatingField | RelationshipField | TeamSelectorField,
            Field(discriminator="type"),
        ]
    ]
    stages: list[str] = []
    contact: bool = False


class ObjectView(BaseModel):
    """
    A definition as it is kept; each save raises the revision.
    """

    model_config = ConfigDict(extra="forbid")
    api_name: str
    name: str
    fields: list[
        Annotated[
            PlainField | DecimalField | MoneyField | ChoiceField | RatingField | RelationshipField | TeamSelectorField,
            Field(discriminator="type"),
        ]
    ]
    stages: list[str] = []
    contact: bool = False
    id: UUID
    revision: int


class OwnKeyView(BaseModel):
    """
    With all that its scopes come to.
    """

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    requests_per_minute: int | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    revoked_by: str | None
    replaced_by: UUID | None
    may: list[ReachView]


class AuditViewPage(BaseModel):
    items: list[AuditView]
    next_cursor: str | None = None


class AutomationViewPage(BaseModel):
    items: list[AutomationView]
    next_cursor: str | None = None


class DueViewPage(BaseModel):
    items: list[DueView]
    next_cursor: str | None = None


class ExecutionViewPage(BaseModel):
    items: list[ExecutionView]
    next_cursor: str | None = None


class ObjectViewPage(BaseModel):
    items: list[ObjectView]
    next_cursor: str | None = None


class RecordViewPage(BaseModel):
    items: list[RecordView]
    next_cursor: str | None = None


class RecoveryViewPage(BaseModel):
    items: list[RecoveryView]
    next_cursor: str | None = None


class StoredSecretViewPage(BaseModel):
    items: list[StoredSecretView]
    next_cursor: str | None = None


class SuppressionViewPage(BaseModel):
    items: list[SuppressionView]
    next_cursor: str | None = None


class SwitchViewPage(BaseModel):
    items: list[SwitchView]
    next_cursor: str | None = None


class TriedTrigger(BaseModel):
    """
    By which trigger it starts. Of a webhook the `name` and what it is called with; of another one the `facts` of its event.
    """

    model_config = ConfigDict(extra="forbid")
    type: str = "manual"
    name: str | None = None
    method: str | None = None
    body: Any | None = None
    query: dict[str, str] = {}
    facts: TriggerFactsBody | None = None


class Business(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    timezone: str
    locale: Annotated[str, Field(description="A language tag, such as de-AT")]
    calendar: BusinessCalendar | None = None
    operations_email: Annotated[
        str | None, Field(description="Who is mailed when a limit holds an automation back; without it, it is only in the log")
    ] = None


class DryRunBody(BaseModel):
    """
    Of the saved document, or of another `document` (JSON, or YAML as text), at a time: now, unless `at` says otherwise.

    `variables` take the place of their sources, by name. `answers` says what steps that reach outside are answered, `choices`
    which path is taken at a condition (yes, no) or a goal (met, not_met): both by step id.
    """

    model_config = ConfigDict(extra="forbid")
    record_id: UUID | None = None
    variables: dict[str, Any] = {}
    at: AwareDatetime | None = None
    document: dict[str, Any] | str | None = None
    trigger: TriedTrigger | None = None
    answers: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")], Answer], Field(validate_default=True)
    ] = {}
    choices: dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")], Literal["yes", "no", "met", "not_met"]
    ] = {}


class AllOf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    all: list[AllOf | AnyOf | FieldFilter | VariableFilter | RelatedFilter]


class AnyOf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    any: list[AllOf | AnyOf | FieldFilter | VariableFilter | RelatedFilter]


class BulkStartBody(BaseModel):
    """
    Which records, by one of `record_ids`, `filter` and `all`; archived ones are left out.

    `variables` take the place of their sources, by name, in each execution. Without a `priority` the automation's holds. With
    `resume_paused` paused executions of the automation on a record go on, in place of a new start on it.
    """

    model_config = ConfigDict(extra="forbid")
    record_ids: list[UUID] | None = None
    filter: AllOf | AnyOf | FieldFilter | VariableFilter | RelatedFilter | None = None
    all: Literal[True] | None = None
    variables: dict[str, Any] = {}
    priority: Literal["regular", "low"] | None = None
    resume_paused: bool = False
    by: str = ""


class BulkStartView(BaseModel):
    """
    How far it is. `total` grows while it is `collecting`; `left` are the records that have not had their turn.

    `per_second`: its turns so far, over the time they took. `reason` says why it was canceled.
    """

    id: UUID
    automation: str
    state: Literal["collecting", "running", "completed", "canceled"]
    selection: Selection
    total: int
    started: int
    resumed: int
    skipped: int
    failed: int
    left: int
    per_second: float | None
    reason: str | None
    variables: dict[str, Any]
    priority: Literal["regular", "low"] | None
    resume_paused: bool
    by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    finished_at: AwareDatetime | None


class BulkStartViewPage(BaseModel):
    items: list[BulkStartView]
    next_cursor: str | None = None


class SearchBody(BaseModel):
    """
    Records that fit a filter as conditions have it, on fields, name, owner, stage, created_at, updated_at and one relationship
    further; without one all. Blanks are sorted last; without a `sort` the oldest come first.
    """

    model_config = ConfigDict(extra="forbid")
    filter: AllOf | AnyOf | FieldFilter | VariableFilter | RelatedFilter | None = None
    sort: Annotated[list[SortBody], Field(validate_default=True)] = []
    archived: bool = False
    size: int = 50
    cursor: str | None = None


class Selection(BaseModel):
    """
    Which records: those of a filter, or all of the object. Neither: those that were named.
    """

    model_config = ConfigDict(extra="forbid")
    filter: AllOf | AnyOf | FieldFilter | VariableFilter | RelatedFilter | None = None
    all: bool = False


AllOf.model_rebuild()
BulkStartView.model_rebuild()
