"""Triggers: which there are, and why they fired or did not."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.access import needs
from api.automations.trigger_facts import evaluated_of, read_asked, trigger_facts
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from automations.document import AutomationDocument
from automations.evaluation import Reason
from automations.explain.triggers import TriggerFacts, explain_evaluation, explain_trigger, obstacles
from automations.triggers.catalogue import TriggerType, trigger_types
from store.automations import read_automation
from store.business import read_business
from store.evaluations import list_evaluations, list_trigger_evaluations

router = APIRouter(tags=["triggers"])

Outcome = Literal["started", "not_started", "waiting"]


class EvaluatedEventView(BaseModel):
    """What happened: `payload` is null where it is large; `GET /events/{id}` has it."""

    id: UUID
    kind: str
    event_at: datetime
    payload: dict[str, Any] | None


class EvaluatedView(BaseModel):
    """An event, what a trigger made of it, and the same in a sentence. `waiting`: for a worker that can read the trigger."""

    id: UUID
    trigger_id: str
    record_id: UUID | None
    record_name: str | None
    event: EvaluatedEventView
    evaluated_at: datetime
    outcome: Outcome
    reason: Reason | None
    detail: str | None
    execution_id: UUID | None
    sentence: str


def _view(row: Any, field: str | None, zone: ZoneInfo) -> EvaluatedView:
    event = EvaluatedEventView(id=row["event_id"], kind=row["kind"], event_at=row["event_at"], payload=row["payload"])
    names = EvaluatedView.model_fields.keys() & row.keys()
    sentence = explain_evaluation(evaluated_of(row), field, zone)
    return EvaluatedView(**{name: row[name] for name in names}, event=event, sentence=sentence)


class ObstacleView(BaseModel):
    """What keeps a trigger from starting something now, or lets it wait."""

    code: str
    sentence: str


class TriggerExplanationView(BaseModel):
    """Why a trigger did or did not fire: in a sentence, and what that is made of.

    `listens_since`: what happened before does not count. `waiting` are events that it may answer and that are yet to be
    evaluated, of `waiting_in_all`; `due` are the next times of a trigger that goes by time. `evaluations` are newest first.
    """

    sentence: str
    trigger_id: str
    type: str
    does: str
    active: bool
    skip: bool
    listens_since: datetime | None
    obstacles: list[ObstacleView]
    waiting: int
    waiting_in_all: int
    waiting_since: datetime | None
    due: list[datetime]
    evaluations: list[EvaluatedView]
    next_cursor: str | None


@router.get(
    "/automations/{api_name}/triggers/{trigger_id}/explain",
    summary="Explain why it fired or did not",
    dependencies=[needs("automations:view")],
)
async def explain_trigger_of_automation(
    api_name: str,
    trigger_id: str,
    database: DatabaseDep,
    page: PageDep,
    record: Annotated[UUID | None, Query(description="Only what happened to this record")] = None,
) -> TriggerExplanationView:
    """What it made of the last events, of a record or of all, and what stands in its way now."""
    now = datetime.now(UTC)
    list_name = f"explain:{api_name}/{trigger_id}/{record or ''}"
    async with database.snapshot() as connection:
        asked = await read_asked(connection, api_name, trigger_id, record)
        cursor = page.after(list_name, UUID)
        newest = await list_trigger_evaluations(connection, asked.subject, size=1)
        rows = await list_trigger_evaluations(connection, asked.subject, cursor=cursor, size=page.size_and_one)
        facts = await trigger_facts(connection, asked, newest, now)
    shown = page.page(list_name, rows, lambda row: _view(row, facts.field, facts.zone), lambda row: str(row["id"]))
    return _explanation(facts, shown)


def _explanation(facts: TriggerFacts, shown: Page[EvaluatedView]) -> TriggerExplanationView:
    trigger, waiting = facts.trigger, facts.waiting
    return TriggerExplanationView(
        sentence=explain_trigger(facts), trigger_id=trigger.id, type=trigger.type, does=trigger.summary(), active=facts.active,
        skip=trigger.skip, listens_since=facts.since, waiting=waiting.of_trigger, waiting_in_all=waiting.in_all,
        obstacles=[ObstacleView(code=each.code, sentence=each.sentence) for each in obstacles(facts)],
        waiting_since=waiting.oldest_at, due=list(facts.planned.times) if facts.planned else [],
        evaluations=shown.items, next_cursor=shown.next_cursor,
    )  # fmt: skip


@router.get(
    "/automations/{api_name}/evaluations",
    summary="List what its triggers made of events",
    dependencies=[needs("automations:view")],
)
async def get_evaluations(
    api_name: str,
    database: DatabaseDep,
    page: PageDep,
    outcome: Outcome | None = None,
    reason: Reason | None = None,
    record_id: UUID | None = None,
) -> Page[EvaluatedView]:
    """Newest first, also of triggers that a save has deleted since."""
    list_name = f"evaluations:{api_name}"
    async with database.snapshot() as connection:
        automation = await read_automation(connection, api_name)
        if automation is None:
            raise NotFoundError("automation", api_name)
        zone = ZoneInfo((await read_business(connection)).timezone)
        rows = await list_evaluations(
            connection, automation["id"], outcome=outcome, reason=reason, record_id=record_id,
            cursor=page.after(list_name, UUID), size=page.size_and_one,
        )  # fmt: skip
    fields = _fields(AutomationDocument.model_validate(automation["document"]))
    return page.page(list_name, rows, lambda row: _view(row, fields.get(row["trigger_id"]), zone), lambda row: str(row["id"]))


def _fields(document: AutomationDocument) -> dict[str, str]:
    """The fields that triggers are about, by their ids."""
    fields = {trigger.id: getattr(trigger, "field", None) for trigger in document.triggers}
    return {trigger_id: field for trigger_id, field in fields.items() if field}


@router.get("/trigger-types", summary="List the types of triggers", dependencies=[needs(None)])
async def get_trigger_types() -> list[TriggerType]:
    """What a document's `triggers` may hold, with the JSON Schema of each."""
    return trigger_types()
