"""What a dry run is asked for, and the execution that it is of: checked as a start, or a call of a webhook, would be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from activities.definitions import Definitions
from activities.starting import Cause, Target
from api.access import missing, require
from api.automations.saving import read_draft, replacing
from api.errors import RefusedError
from api.executions.starting import overrides_of, record_to_start
from api.problems import NotFoundError
from api.webhooks.evaluation import Looked, look_at
from api.webhooks.hearing import heard
from api.webhooks.hooks import Hook
from api.webhooks.payloads import Call, Payload
from automations.access import Access, Place
from automations.document import AutomationDocument
from automations.dry_runs import Answer, Choice, Script
from automations.inputs import Moment
from automations.kill_switches import refusing_starts
from automations.model import StepId
from automations.positions import Positions
from automations.triggers import WebhookTrigger
from automations.triggers.catalogue import trigger_types
from store.automations import create_automation, read_automation
from store.database import Connection
from store.events import insert_event
from store.kill_switches import list_standing_switches
from store.objects import read_object

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(8000, 1, 1, tzinfo=UTC)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TriggerFactsBody(_Body):
    """What an event tells, as sources and templates read it of the trigger."""

    old: Any = None
    new: Any = None
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


class TriedTrigger(_Body):
    """By which trigger it starts. Of a webhook the `name` and what it is called with; of another one the `facts` of its event."""

    type: str = Field(default="manual", max_length=63)
    name: str | None = Field(default=None, max_length=63)
    method: str | None = Field(default=None, max_length=10)
    body: Any = None
    query: dict[str, str] = {}
    facts: TriggerFactsBody = TriggerFactsBody()


class DryRunBody(_Body):
    """Of the saved document, or of another `document` (JSON, or YAML as text), at a time: now, unless `at` says otherwise.

    `variables` take the place of their sources, by name. `answers` says what steps that reach outside are answered, `choices`
    which path is taken at a condition (yes, no) or a goal (met, not_met): both by step id.
    """

    record_id: UUID | None = None
    variables: dict[str, Any] = {}
    at: Moment | None = None
    document: dict[str, Any] | str | None = None
    trigger: TriedTrigger = TriedTrigger()
    answers: dict[StepId, Answer] = {}
    choices: dict[StepId, Choice] = {}


@dataclass(frozen=True)
class Prepared:
    """An execution to be, and what is to be said beforehand."""

    target: Target
    cause: Cause
    script: Script
    warnings: list[str]
    now: datetime


async def prepare(
    connection: Connection, api_name: str, body: DryRunBody, access: Access, definitions: Definitions, now: datetime
) -> Prepared:
    """In the transaction that is rolled back. Raises NotFoundError, and RefusedError 403, 409 or 422."""
    at = body.at or now
    _require(_FIRST <= at <= _LAST, "at", "invalid_value", f"It lies between {_FIRST:%Y} and {_LAST:%Y}.")
    automation, document, warnings = await _tried(connection, api_name, body, access)
    _require_access(access, document)
    script = Script(body.answers, body.choices)
    if problems := list(script.problems(Positions(document))):
        errors = [problem.model_dump(exclude={"severity"}) for problem in problems]
        raise RefusedError(422, "invalid_dry_run", "The dry run does not fit the automation.", errors)
    called = await _called(connection, automation, document, body, at, definitions)
    record_id = body.record_id or (called.looked.record_id if called else None)
    record = await record_to_start(connection, automation, record_id)
    cause = await _cause(connection, called, body, record, at)
    cause = replace(cause, overrides=overrides_of(document, body.variables))
    warnings += [*_refused(automation, called), *await _killed(connection, api_name, at)]
    return Prepared(Target(automation, document, record), cause, script, warnings, at)


def _require(fits: bool, path: str, code: str, sentence: str) -> None:
    if not fits:
        raise RefusedError(422, code, sentence, [{"path": path, "code": code, "sentence": sentence}])


def _require_access(access: Access, document: AutomationDocument) -> None:
    """Also where the path points to nothing yet: the document says which object it reads."""
    require(access, "executions:operate", Place(document.object, document.api_name))
    if document.object:
        require(access, "records:view", Place(object=document.object))


async def _tried(
    connection: Connection, api_name: str, body: DryRunBody, access: Access
) -> tuple[Any, AutomationDocument, list[str]]:
    """The automation's row, the document to try, and the warnings of its save."""
    row = await read_automation(connection, api_name)
    if body.document is not None:
        return await _unsaved(connection, api_name, body.document, row, access)
    if row is None:
        raise NotFoundError("automation", api_name)
    return row, AutomationDocument.model_validate(row["document"]), []


async def _unsaved(
    connection: Connection, api_name: str, written: dict[str, Any] | str, row: Any | None, access: Access
) -> tuple[Any, AutomationDocument, list[str]]:
    """An automation that is not there yet is made."""
    if not access.reach("automations:edit"):
        raise missing("automations:edit")
    draft = await read_draft(connection, written.encode() if isinstance(written, str) else to_json(written), api_name)
    document = draft.document
    require(access, "automations:edit", Place(document.object, api_name))
    warnings = [problem.sentence for problem in draft.warnings if problem.severity == "warning"]
    stored = await read_object(connection, document.object) if document.object else None
    object_id = stored.id if stored else None
    if row is not None:
        return row, replacing(row, object_id, draft)[1], warnings
    await create_automation(connection, document, object_id)
    return await read_automation(connection, api_name), document, warnings


@dataclass(frozen=True)
class _Called:
    """A webhook that is called: what it hears, and what the call comes to."""

    trigger: WebhookTrigger
    payload: Payload
    values: dict[str, Any]
    looked: Looked


async def _called(
    connection: Connection,
    automation: Any,
    document: AutomationDocument,
    body: DryRunBody,
    at: datetime,
    definitions: Definitions,
) -> _Called | None:
    """None for a trigger that is no webhook. An automation that is not active is looked at as if it were."""
    tried = body.trigger
    known = {each.type for each in trigger_types()}
    _require(tried.type in known, "trigger.type", "unknown_trigger", f"There is no trigger {tried.type}.")
    if tried.type != "webhook":
        return None
    trigger = next((each for each in document.webhooks(tried.name or "") if tried.method in (None, each.method)), None)
    if trigger is None:
        sentence = (
            f"The automation has no webhook {tried.name or 'without a name'}{f' for {tried.method}' if tried.method else ''}."
        )
        raise RefusedError(422, "unknown_webhook", sentence, [_error("trigger.name", "unknown_webhook", sentence)])
    found = await heard(trigger, _call(tried, trigger.method))
    hook = Hook({**automation, "active": True}, document, trigger)
    looked = await look_at(connection, hook, found.named, at, definitions)
    return _Called(trigger, found.payload, found.values, looked)


def _error(path: str, code: str, sentence: str) -> dict[str, Any]:
    return {"path": path, "code": code, "sentence": sentence}


def _call(tried: TriedTrigger, method: str) -> Call:
    """A text is sent as it is, all else as JSON."""
    if method == "GET":
        return Call(method, urlencode(tried.query).encode(), "", b"")
    sent = tried.body.encode() if isinstance(tried.body, str) else to_json(tried.body)
    return Call(method, urlencode(tried.query).encode(), "application/json", sent)


async def _cause(connection: Connection, called: _Called | None, body: DryRunBody, record: Any, at: datetime) -> Cause:
    times = {"event_at": at.isoformat(), "evaluated_at": at.isoformat()}
    if called is None:
        return Cause(trigger={**body.trigger.facts.model_dump(exclude_unset=True), "type": body.trigger.type, **times})
    trigger, payload = called.trigger, called.payload
    told = {"webhook": trigger.name, "body": payload.body, "query": payload.query}
    raw = {"raw": payload.raw} if trigger.raw_body else {}
    event_id = await insert_event(connection, "webhook", record["id"] if record else None, at, told | raw, evaluated_at=at)
    brought = {
        "type": "webhook", "id": trigger.id, "webhook": trigger.name, "values": called.values,
        "not_found": sorted(trigger.extract.keys() - called.values.keys()),
        "structured": isinstance(payload.body, dict | list), **times,
    }  # fmt: skip
    return Cause(trigger=brought, event_id=event_id)


def _refused(automation: Any, called: _Called | None) -> Iterator[str]:
    """Why it would not start in truth."""
    if not automation["active"]:
        yield "The automation is not active: nothing starts it at the moment."
    if called and called.looked.refusal:
        yield f"The webhook would start nothing: {called.looked.refusal.detail}"


async def _killed(connection: Connection, api_name: str, at: datetime) -> list[str]:
    found = refusing_starts(await list_standing_switches(connection), api_name, at)
    return [f"It would not be started: {found.story}."] if found else []
