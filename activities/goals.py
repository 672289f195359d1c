"""Steps that wait for something to happen to the record, or for its dates to come."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from activities.awaited import Told, dated_wait, meetings, told_by_record, waiting_for
from activities.control import WaitEnd, wait_end
from activities.record_values import record_values
from activities.registry import goes_on, runs
from activities.results import ChangedMeanwhileError, Down, Result, WaitUntil
from activities.services import Services
from activities.situation import Situation
from activities.writing import Attempt
from automations.calendars import BusinessCalendar
from automations.event_triggers import AwaitedTrigger, Event, OnOrAroundDate
from automations.failures import ExpectedFailure
from automations.goal_changes import Change, decide_over
from automations.goal_moments import DatedWait, Seen, Verdict, comings, decide, settled_skip
from automations.goal_telling import Timeout, moved_in_words, output_of
from automations.steps.base import StepBase
from automations.steps.goals import AwaitingStep, Goal
from store.database import DATABASE_ERRORS, TRANSIENT, Connection
from store.events import read_event
from store.goals import (
    GoalMeeting,
    GoalWait,
    delete_goal_wait,
    hold_record_of_goal,
    insert_goal_wait,
    list_goal_changes,
    list_scheduled_activities,
    list_unheard_events,
    lock_goal_wait,
    write_goal_look,
)
from store.records import read_record
from store.standings import lock_standings

Also = Callable[[Connection], Awaitable[None]]
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

    What happened by the time-out counts, whichever came first here: the clock, or what the relay made of it. The execution is
    locked before the goal, as everywhere, and the record is read after it: what is changed later is told of to a goal that may be
    told again.
    """
    request = attempt.request
    await lock_standings(connection, request.execution_id)
    row = await lock_goal_wait(connection, request.execution_id, request.sequence)

    async def leave(connection: Connection) -> None:
        await delete_goal_wait(connection, request.execution_id, request.sequence)

    if row is None:
        path = attempt.step.path_after(request.phase) or "met"
        return Result(then=Down(path), output={"path": path}, also=leave)
    wait = dated_wait(row)
    # The timer has come, although the clock may be a trifle behind.
    now = max(request.now, row["wakes_at"]) if request.phase == "elapsed" and row["wakes_at"] else request.now
    if (heard := await _heard(connection, row, wait)) is not None:
        return Result(then=Down("met"), output=heard, also=leave)
    if wait.is_over(now):
        await hold_record_of_goal(connection, row["record_id"])
    verdict = await _look(connection, wait, row, attempt, services, now)
    if verdict.path == "not_met" and (unheard := await _unheard(connection, row, services, now)) is not None:
        return Result(then=Down("met"), output=unheard, also=leave)

    async def stay(connection: Connection) -> None:
        await write_goal_look(connection, request.execution_id, request.sequence, verdict.until, _kept(verdict.refused))

    result = _result(attempt.step, wait, verdict, row["timeout"] or {}, now, ZoneInfo(attempt.row["timezone"]))
    return replace(result, also=leave if verdict.path else stay)


async def _heard(connection: Connection, row: Any, wait: DatedWait) -> dict[str, Any] | None:
    """The output where an event met the goal. One after the time-out did not, whoever wrote down that it had."""
    if row["met_at"] is None:
        return None
    event = await read_event(connection, row["met_event"])
    assert event is not None, "what met a goal is kept as long as the goal"
    in_time = wait.counts(event["event_at"], reported=False)
    return _met_by(event, row["met_by"], row["met_at"]) if in_time else None


async def _unheard(connection: Connection, row: Any, services: Services, now: datetime) -> dict[str, Any] | None:
    """The same where one would meet it that happened in time, and that nobody has evaluated yet."""
    wait = dated_wait(row)
    kinds = {listen.kind for trigger in wait.triggers for listen in trigger.listens()}
    events = await list_unheard_events(connection, row, kinds, wait.timeout) if kinds else []
    for told in told_by_record(events)[row["record_id"]]:
        meeting = await _meeting(connection, row, told, services)
        event = await read_event(connection, told.id) if meeting else None
        if meeting:
            return _met_by(event, meeting.trigger, now)
    return None


async def _meeting(connection: Connection, row: Any, told: Told, services: Services) -> GoalMeeting | None:
    """None for one with which something is wrong: it stands in the way of no other, and the relay says what it is."""
    try:
        return next(iter((await meetings(connection, [waiting_for(row, [told])], services)).values()), None)
    except (*TRANSIENT, *DATABASE_ERRORS):
        raise
    except Exception:
        _LOG.exception("event_broken", event_id=str(told.id), kind=told.event.kind)
        return None


def _met_by(event: Any, trigger: dict[str, Any], evaluated_at: datetime) -> dict[str, Any]:
    times = {"event_at": event["event_at"].isoformat(), "evaluated_at": evaluated_at.isoformat()}
    return {"path": "met", "met_by": {"trigger": trigger, "event": str(event["id"]), "kind": event["kind"], **times}}


async def _look(
    connection: Connection, wait: DatedWait, row: Any, attempt: Attempt, services: Services, now: datetime
) -> Verdict:
    """At the record as it is by now, and as it was while nobody looked."""
    zone, calendar = ZoneInfo(attempt.row["timezone"]), BusinessCalendar.model_validate(attempt.row["calendar"])
    record_id = row["record_id"]
    record = await read_record(connection, record_id, deleted=True)
    seen = await _seen(connection, wait, record, zone, calendar)
    filters = [trigger.filter for _, trigger in wait.dates if trigger.filter is not None]
    values = await record_values(connection, services.definitions, [record], filters) if filters else {}
    changes = await _changes(connection, wait, row) if wait.dates else []
    return decide_over(wait, changes, seen, values.get(record_id), now)


async def _changes(connection: Connection, wait: DatedWait, row: Any) -> list[Change]:
    fields = {trigger.field for _, trigger in wait.dates if isinstance(trigger, OnOrAroundDate)}
    rows = await list_goal_changes(connection, row, fields, wait.asks_activities)
    return [Change(each["event_at"], Event(each["kind"], each["payload"]), each["before"]) for each in rows]


def _result(step: StepBase, wait: DatedWait, verdict: Verdict, timeout: Timeout, now: datetime, zone: ZoneInfo) -> Result:
    warning = "; ".join(f"{step.id}: {complaint.sentence}" for complaint in verdict.complaints)
    if verdict.complaints:
        _LOG.warning("goal_unclear", step=step.id, why=warning)
    says = f"{step.step_type} {step.id}: {step.summary()}{moved_in_words(verdict, timeout, zone)}"
    then = Down(verdict.path) if verdict.path else WaitUntil(verdict.until, says, "goal")
    return Result(then=then, output=output_of(wait, verdict, timeout, now), warning=warning or None)


def _kept(refused: Mapping[int, datetime]) -> dict[str, str]:
    return {str(place): until.isoformat() for place, until in refused.items()}
