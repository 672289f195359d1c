"""Steps that wait for something to happen to the record, or for its dates to come."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import TypeAdapter, ValidationError

from activities.control import WaitEnd, wait_end
from activities.record_values import record_values
from activities.registry import goes_on, runs
from activities.results import ChangedMeanwhileError, Down, Result, WaitUntil
from activities.services import Services
from activities.situation import Situation
from activities.writing import Attempt
from automations.calendars import BusinessCalendar
from automations.event_triggers import AwaitedTrigger, AwaitedTriggerUnion
from automations.failures import ExpectedFailure
from automations.goal_moments import DatedWait, Seen, Verdict, comings, decide, settled_skip
from automations.goal_telling import Timeout, moved_in_words, output_of
from automations.steps.base import StepBase
from automations.steps.goals import AwaitingStep, Goal
from store.database import Connection
from store.goals import (
    GoalWait,
    delete_goal_wait,
    insert_goal_wait,
    list_scheduled_activities,
    lock_goal_wait,
    write_goal_look,
)
from store.records import read_record
from store.standings import lock_standings

Also = Callable[[Connection], Awaitable[None]]
_TRIGGERS: TypeAdapter[list[AwaitedTrigger]] = TypeAdapter(list[AwaitedTriggerUnion])
_LOG = structlog.get_logger("everstep.goals")


@runs("goal")
async def goal(step: Goal, situation: Situation, services: Services) -> Result:
    return begin_wait(step, [_settled(trigger, situation) for trigger in step.triggers], situation)


def begin_wait(
    step: AwaitingStep, triggers: Sequence[AwaitedTrigger], situation: Situation, *, also: Also | None = None
) -> Result:
    """Events count from the moment in which this is written: those before it are over, those after it find who waits.

    `also` follows in the same transaction, unless the step does not wait at all.
    """
    end = wait_end(step.limit, situation) if step.limit else WaitEnd()
    timeout = {**end.output, **({"says": end.says_moved} if end.says_moved else {})}
    wait = DatedWait(triggers, situation.now, end.until)
    seen = Seen(situation.row["field_values"], situation.activities, situation.zone, situation.calendar)
    verdict = decide(wait, seen, situation.for_filters(), situation.now)

    async def listen(connection: Connection) -> None:
        await insert_goal_wait(connection, _waiting(wait, verdict, timeout, situation))
        if wait.dates:
            await _refuse_if_moved(connection, wait, verdict, seen, situation.row["record_id"])
        if also:
            await also(connection)

    result = _result(step, wait, verdict, timeout, situation.now, situation.zone)
    return replace(result, used=end.used, also=None if verdict.path else listen)


def _settled(trigger: AwaitedTrigger, situation: Situation) -> AwaitedTrigger:
    """Raises ExpectedFailure where it could never fit an event: nobody would notice that it waits in vain."""
    if situation.definition is None:
        raise ExpectedFailure("no_record", "A goal needs a record, and the execution has none.")
    for _, code, sentence in trigger.unfit(situation.definition):
        raise ExpectedFailure(code, sentence)
    return settled_skip(trigger.settled(situation.definition), situation.plan.calendar.skip_non_working_days)


def _waiting(wait: DatedWait, verdict: Verdict, timeout: Timeout, situation: Situation) -> GoalWait:
    listens = frozenset(listen for trigger in wait.triggers for listen in trigger.listens() | trigger.moved_by())
    triggers, key = [trigger.as_json() for trigger in wait.triggers], situation.key
    return GoalWait(
        key.execution_id, key.sequence, situation.row["record_id"], listens, triggers, wait.since, dict(timeout) or None,
        verdict.until, _kept(verdict.refused),
    )  # fmt: skip


async def _refuse_if_moved(connection: Connection, wait: DatedWait, verdict: Verdict, seen: Seen, record_id: UUID) -> None:
    """What moved a date since it was read is over for the goal, and would not be told of. The record is held by now."""
    by_now = await _seen(connection, wait, await read_record(connection, record_id, deleted=True), seen.zone, seen.calendar)
    upcoming, _ = comings(replace(wait, refused=verdict.refused), by_now)
    if upcoming != verdict.comings:
        raise ChangedMeanwhileError


async def _seen(connection: Connection, wait: DatedWait, record: Any, zone: ZoneInfo, calendar: BusinessCalendar) -> Seen:
    activities = await list_scheduled_activities(connection, [record["id"]], wait.since) if wait.asks_activities else []
    return Seen(record["field_values"], activities, zone, calendar)


@goes_on("goal")
async def result_of_wait(connection: Connection, attempt: Attempt, services: Services) -> Result:
    """Down which path a wait that is over goes on, or until when it waits on. Call it in the transaction that writes the result.

    An event that met the goal counts, although the clock may have come first. The execution is locked before the goal, as
    everywhere, and the record is read after it: what is changed later is told of to a goal that may be told again.
    """
    request = attempt.request
    await lock_standings(connection, request.execution_id)
    row = await lock_goal_wait(connection, request.execution_id, request.sequence)

    async def leave(connection: Connection) -> None:
        await delete_goal_wait(connection, request.execution_id, request.sequence)

    if row is None or row["met_at"] is not None:
        path = "met" if row is not None else attempt.step.path_after(request.phase) or "met"
        return Result(then=Down(path), output={"path": path, **_met_by(row)}, also=leave)
    wait = dated_wait(row)
    # The timer has come, although the clock may be a trifle behind.
    now = max(request.now, row["wakes_at"]) if request.phase == "elapsed" and row["wakes_at"] else request.now
    verdict = await _look(connection, wait, row["record_id"], attempt, services, now)

    async def stay(connection: Connection) -> None:
        await write_goal_look(connection, request.execution_id, request.sequence, verdict.until, _kept(verdict.refused))

    result = _result(attempt.step, wait, verdict, row["timeout"] or {}, now, ZoneInfo(attempt.row["timezone"]))
    return replace(result, also=leave if verdict.path else stay)


async def _look(
    connection: Connection, wait: DatedWait, record_id: UUID, attempt: Attempt, services: Services, now: datetime
) -> Verdict:
    """At the record as it is by now."""
    zone, calendar = ZoneInfo(attempt.row["timezone"]), BusinessCalendar.model_validate(attempt.row["calendar"])
    record = await read_record(connection, record_id, deleted=True)
    seen = await _seen(connection, wait, record, zone, calendar)
    filters = [trigger.filter for _, trigger in wait.dates if trigger.filter is not None]
    values = await record_values(connection, services.definitions, [record], filters) if filters else {}
    return decide(wait, seen, values.get(record_id), now)


def _result(step: StepBase, wait: DatedWait, verdict: Verdict, timeout: Timeout, now: datetime, zone: ZoneInfo) -> Result:
    warning = "; ".join(f"{step.id}: {complaint.sentence}" for complaint in verdict.complaints)
    if verdict.complaints:
        _LOG.warning("goal_unclear", step=step.id, why=warning)
    says = f"{step.step_type} {step.id}: {step.summary()}{moved_in_words(verdict, timeout, zone)}"
    then = Down(verdict.path) if verdict.path else WaitUntil(verdict.until, says, "goal")
    return Result(then=then, output=output_of(wait, verdict, timeout, now), warning=warning or None)


def dated_wait(row: Any) -> DatedWait:
    """Of a row of `store.goals`."""
    timeout = datetime.fromisoformat(row["timeout"]["until"]) if row["timeout"] else None
    refused = {int(place): datetime.fromisoformat(until) for place, until in row["refused"].items()}
    return DatedWait(_triggers(row), row["since"], timeout, refused)


def _triggers(row: Any) -> list[AwaitedTrigger]:
    """None of them where a newer release wrote what this one cannot read: one goal stands in the way of no other."""
    try:
        return _TRIGGERS.validate_python(row["triggers"])
    except ValidationError as error:
        _LOG.warning("goal_unreadable", execution_id=str(row["execution_id"]), sequence=row["sequence"], why=str(error))
        return []


def _kept(refused: Mapping[int, datetime]) -> dict[str, str]:
    return {str(place): until.isoformat() for place, until in refused.items()}


def _met_by(row: Any) -> dict[str, Any]:
    if row is None:
        return {}
    event: UUID = row["event_id"]
    times = {"event_at": row["event_at"].isoformat(), "evaluated_at": row["met_at"].isoformat()}
    return {"met_by": {"trigger": row["met_by"], "event": str(event), "kind": row["kind"], **times}}
