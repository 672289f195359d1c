"""Events: what happened elsewhere is told here, and what became of everything that happened is shown."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, assert_never
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query
from pydantic import BaseModel

from api.access import CallerDep, needs, require
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.access import Place
from automations.model import Priority
from automations.outside_events import AnyOutsideEvent, MailEvent, Reading, TellId, events_schema, read_events
from automations.problems import at
from store.outside_events import HeldRecord, KeptEvent, Shown, ToldEvent, hold_records, insert_events, list_events, show_event
from store.places import reached_places
from store.suppressions import suppress_told

router = APIRouter(prefix="/events", tags=["events"])
_REUSED = "event_id_reused"


class KeptView(BaseModel):
    """`duplicate`: the event was told of before, and this is its id since then."""

    id: UUID
    duplicate: bool


class ToldView(BaseModel):
    """In the order in which they were told."""

    events: list[KeptView]


class EvaluationView(BaseModel):
    """What a trigger made of an event: the execution that it started, or the reason why it did not."""

    automation: str
    trigger_id: str
    outcome: str
    reason: str | None
    detail: str | None
    execution_id: UUID | None
    evaluated_at: datetime


class EventView(BaseModel):
    """`evaluated_at` is null until its turn has come; no evaluations after that: no trigger listens to it.

    `problem` says why it could not be evaluated and was set aside; it is tried again at `retry_at`. Those of `priority` low are
    evaluated behind regular ones. `automation` and `trigger_id` name the one trigger that an event such as a date concerns,
    `root_id` and `depth` the chain of executions that it came out of. In a list `payload` is null where it is large.
    """

    id: UUID
    kind: str
    record_id: UUID | None
    event_at: datetime
    evaluated_at: datetime | None
    payload: dict[str, Any] | None
    priority: Priority
    problem: str | None
    retry_at: datetime | None
    automation: str | None
    trigger_id: str | None
    root_id: UUID | None
    depth: int
    evaluations: list[EvaluationView]


def _view(shown: Shown) -> EventView:
    event, evaluations = shown
    return EventView.model_validate({**event, "evaluations": [dict(each) for each in evaluations]})


_CONTENT = "#/paths/~1events/post/requestBody/content/application~1json/schema/$defs/{model}"
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": events_schema(_CONTENT)}}}}


@router.post(
    "",
    status_code=202,
    summary="Tell what happened elsewhere",
    openapi_extra=_BODY,
    dependencies=[needs("events:write", narrows=True)],
)
async def tell_events(
    database: DatabaseDep,
    body: Annotated[Any, Body()],
    caller: CallerDep,
    idempotency_key: Annotated[TellId | None, Header()] = None,
) -> ToldView:
    """One event, or `{"events": […]}`: all of them are kept or none, and every mistake is named.

    An event whose `id` its sender told before is not told again: 409 where it says something else now. Ids are those of an API
    key, through all its rotations, and of a kind. An Idempotency-Key stands in for the ids of events that have none. After a mail
    that bounced, or by which somebody unsubscribed, its address gets no more: that by which the record is named, else the
    only one that the record has.
    """
    now = datetime.now(UTC)
    readings = read_events(body, now)
    for named in {reading.event.record.object for reading in readings if reading.event}:
        require(caller.access, "events:write", Place(object=named))
    async with database.transaction() as connection:
        held = await hold_records(connection, [reading.event.record for reading in readings if reading.event])
        _refuse_wrong(readings, held)
        told = _told(readings, held, _Sender(caller.sender_id, idempotency_key), now)
        kept = await insert_events(connection, told)
        _refuse_other(readings, kept)
        await suppress_told(connection, list(_opting_out(readings, told, kept)), now)
    return ToldView(events=[KeptView(id=each.id, duplicate=each.is_duplicate) for each in kept])


def _refuse_wrong(readings: Sequence[Reading], held: Sequence[HeldRecord]) -> None:
    """Raises RefusedError 422 with every mistake, in the order of the events."""
    records = iter(held)
    checked = [_with_record(reading, reading.event, next(records)) if reading.event else reading for reading in readings]
    errors = [problem.model_dump(exclude={"severity"}) for reading in checked for problem in reading.problems]
    if errors:
        codes = {error["code"] for error in errors}
        said = " ".join(f"{error['path']}: {error['sentence']}".removeprefix(": ") for error in errors[:5])
        raise RefusedError(422, codes.pop() if len(codes) == 1 else "invalid_events", f"Nothing was kept. {said}", errors)


def _with_record(reading: Reading, event: AnyOutsideEvent, held: HeldRecord) -> Reading:
    match held.why_not:
        case None:
            return reading
        case "unknown_object":
            sentence = f"There is no object {event.record.object}."
        case "unknown_record":
            sentence = f"There is no {event.record}."
        case "record_archived":
            sentence = f"The {event.record} is archived."
        case _:
            assert_never(held.why_not)
    return reading.with_problem("record", held.why_not, sentence)


def _refuse_other(readings: Sequence[Reading], kept: Sequence[KeptEvent]) -> None:
    """Raises RefusedError 409 where an id came before with another event."""
    errors = [_reused(reading, each) for reading, each in zip(readings, kept, strict=True) if each.is_other]
    if errors:
        said = " ".join(f"{error['path']}: {error['sentence']}".removeprefix(": ") for error in errors[:5])
        raise RefusedError(409, _REUSED, f"Nothing was kept. {said}", errors)


def _reused(reading: Reading, first: KeptEvent) -> dict[str, str]:
    path = at(reading.path, "id") if reading.event and reading.event.id else reading.path
    sentence = f"This came before with another event, which is {first.id}: give each event an id of its own."
    return {"path": path, "code": _REUSED, "sentence": sentence}


@dataclass(frozen=True)
class _Sender:
    """Whose ids the events have, and the Idempotency-Key for those that have none."""

    id: UUID
    key: str | None

    def key_of(self, event: AnyOutsideEvent, place: int) -> str | None:
        """Of its own form, so that no sender's id can be taken for what others keep events by."""
        if event.id is not None:
            return f"told/{self.id}/{event.kind}/{event.id}"
        return f"request/{self.id}/{place}/{self.key}" if self.key else None

    def earlier_key_of(self, event: AnyOutsideEvent, place: int) -> str | None:
        """Before ids were those of a sender."""
        if event.id is not None:
            return f"told/{event.id}"
        return f"request/{place}/{self.key}" if self.key else None


def _told(readings: Sequence[Reading], held: Sequence[HeldRecord], sender: _Sender, now: datetime) -> list[ToldEvent]:
    """Of readings without problems: each has its record."""
    return [
        _told_of(event, record.id, place, sender, now)
        for place, (reading, record) in enumerate(zip(readings, held, strict=True))
        if (event := reading.event) and record.id
    ]


def _told_of(event: AnyOutsideEvent, record_id: UUID, place: int, sender: _Sender, now: datetime) -> ToldEvent:
    return ToldEvent(
        event.kind, record_id, event.event_at or now, event.payload(), key=sender.key_of(event, place),
        earlier_key=sender.earlier_key_of(event, place), told_hash=_hash(event),
        reported_at=now if event.event_at else None,
    )  # fmt: skip


def _hash(event: AnyOutsideEvent) -> bytes:
    """Of all that it says, in whatever order."""
    said = event.model_dump(mode="json", exclude={"id"}, exclude_none=True, by_alias=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


def _opting_out(
    readings: Sequence[Reading], told: Sequence[ToldEvent], kept: Sequence[KeptEvent]
) -> Iterator[tuple[ToldEvent, str | None]]:
    """The new events after which an address gets no more mails, each with that by which its record was named."""
    events = [reading.event for reading in readings if reading.event]
    for event, written, was_kept in zip(events, told, kept, strict=True):
        if isinstance(event, MailEvent) and event.event in ("bounced", "unsubscribed") and not was_kept.is_duplicate:
            yield written, event.record.email


@router.get("", summary="List events", dependencies=[needs("automations:view", narrows=True)])
async def get_events(
    database: DatabaseDep,
    page: PageDep,
    caller: CallerDep,
    record_id: UUID | None = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[EventView]:
    """Newest first, of a record or a kind or all, with what became of each."""
    async with database.snapshot() as connection:
        cursor = page.after("events", UUID)
        reached = await reached_places(connection, caller.access.reach("automations:view"))
        shown = await list_events(
            connection, record_id=record_id, kind=kind, reached=reached, cursor=cursor, size=page.size_and_one
        )
    return page.page("events", shown, _view, lambda each: str(each[0]["id"]))


@router.get("/{event_id}", summary="Read an event", dependencies=[needs("automations:view")])
async def get_event(event_id: UUID, database: DatabaseDep) -> EventView:
    async with database.snapshot() as connection:
        shown = await show_event(connection, event_id)
    if shown is None:
        raise NotFoundError("event", event_id)
    return _view(shown)
