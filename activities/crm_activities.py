"""Steps that schedule crm activities, and take them back."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from activities.assigning import assigned
from activities.control import wait_end
from activities.creating import origin_of
from activities.named_records import named_records
from activities.registry import writes
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.variables import set_variable
from automations.activity_mails import NewActivities, notification_of
from automations.dates import date_or_moment, occurrence
from automations.errors import EverstepError
from automations.event_triggers.dates import AroundDate
from automations.failures import ExpectedFailure
from automations.scalars import TEXT_LIMIT
from automations.steps.crm_activities import DeleteScheduledActivity, DueAfter, DueAround, RoleAssignment, ScheduleActivity
from automations.steps.members import Assignment
from automations.steps.records import describe_records
from store import crm_activities as stored
from store.database import Connection
from store.errors import ActivityClosedError, RecordArchivedError
from store.notifications import NewNotification, insert_notification
from store.records import list_records_by_ids
from store.team import list_employees_by_role

MAX_RECORDS = 1_000
"""On which one step schedules or cancels."""

MAX_CANCELED = 1_000
_SHOWN = 100
"""In the output."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Due:
    """When, what of the record says so, and what the output tells of it beside the moment."""

    moment: datetime
    used: list[dict[str, Any]] = field(default_factory=list)
    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _New:
    """What is scheduled on each of the records. `role` are those who have the role that it is for, if it is for one."""

    step: ScheduleActivity
    situation: Situation
    due: _Due
    note: str
    role: Sequence[Any]

    @property
    def role_name(self) -> str | None:
        return self.step.assign.role if isinstance(self.step.assign, RoleAssignment) else None


@dataclass(frozen=True)
class _Made:
    """A crm activity that was scheduled, and whose it is; None where it is nobody's in particular."""

    activity: Any
    member: Any | None

    def told(self) -> dict[str, Any]:
        assigned_to = self.member["email"] if self.member else None
        return {"id": str(self.activity["id"]), "record": str(self.activity["record_id"]), "assigned_to": assigned_to}


@writes("schedule_activity")
async def schedule_activity(step: ScheduleActivity, situation: Situation, services: Services, connection: Connection) -> Result:
    """Scheduled on those records on which it can be. Only if it can be on none is the step one that failed."""
    if step.into:
        situation.variable(step.into)
    new = _New(step, situation, _due(step, situation), _note(step, situation), await _role(connection, step))
    # Always in the order of their ids, so that no two steps wait for each other.
    records = sorted(await named_records(connection, step.records, situation, most=MAX_RECORDS))
    made, failures = await _schedule(connection, new, records)
    if failures and not made:
        raise _all_failed(failures)
    told = await _tell(connection, new, made) if step.notify else []
    return _result(new, made, failures, told)


def _due(step: ScheduleActivity, situation: Situation) -> _Due:
    match step.due:
        case "now":
            return _Due(situation.now)
        case DueAfter():
            end = wait_end(step.due.after, situation)
            moved = {"moved": end.output["moved"]} if "moved" in end.output else {}
            return _Due(end.until or situation.now, end.used, moved)
        case DueAround():
            return _around(step.due.around, situation)


def _around(around: AroundDate, situation: Situation) -> _Due:
    held = situation.field(around.field)
    base = date_or_moment(around.field, held)
    if base is None:
        raise ExpectedFailure("date_blank", f"The field {around.field} is blank, so that there is no date to schedule by.")
    calendar = situation.skipping_calendar(around.skip_non_working_days)
    found = occurrence(base, days=around.offset, at=around.at, after=_BEGINNING, zone=situation.zone, calendar=calendar)
    if found is None:
        raise ExpectedFailure("date_out_of_reach", f"The moment {around.describe()} is out of reach.")
    used = [{"ref": f"field {around.field}", "found": held}]
    return _Due(found.moment, used, {"moved": found.as_json()} if found.passed else {})


def _note(step: ScheduleActivity, situation: Situation) -> str:
    note = situation.render(step.note)
    if len(note) > TEXT_LIMIT:
        raise ExpectedFailure("note_too_long", f"The note has {len(note):,} characters; a crm activity takes {TEXT_LIMIT:,}.")
    return note


async def _role(connection: Connection, step: ScheduleActivity) -> list[Any]:
    if not isinstance(step.assign, RoleAssignment):
        return []
    found = await list_employees_by_role(connection, step.assign.role)
    if not found:
        sentence = f"There is nobody to assign: no active employee has the role {step.assign.role}."
        raise ExpectedFailure("nobody_to_assign", sentence)
    return found


async def _schedule(connection: Connection, new: _New, records: Sequence[UUID]) -> tuple[list[_Made], list[EverstepError]]:
    """A round robin has a turn for each record on which it is scheduled; in other ways the member is found once."""
    made: list[_Made] = []
    failures: list[EverstepError] = []
    assign = new.step.assign
    takes_turns = isinstance(assign, Assignment) and assign.takes_turns
    member = await _member(connection, new) if records and not takes_turns else None
    for record_id in records:
        try:
            async with connection.transaction():  # a failure gives the turn back
                whose = await _member(connection, new) if takes_turns else member
                made.append(await _schedule_one(connection, new, record_id, whose))
        except EverstepError as failure:
            failures.append(failure)
    return made, failures


async def _member(connection: Connection, new: _New) -> Any | None:
    assign = new.step.assign
    return await assigned(connection, assign, new.situation, new.step.id) if isinstance(assign, Assignment) else None


async def _schedule_one(connection: Connection, new: _New, record_id: UUID, member: Any | None) -> _Made:
    situation = new.situation
    activity = await stored.schedule_activity(
        connection, record_id, type=new.step.activity_type, due_at=new.due.moment, note=new.note,
        assigned_to=member["id"] if member else None, assigned_role=new.role_name, execution_id=situation.key.execution_id,
        by=_doer(situation), now=situation.now, origin=origin_of(situation),
    )  # fmt: skip
    if activity is None:
        raise ExpectedFailure("unknown_record", f"There is no record {record_id} (any more).")
    return _Made(activity, member)


def _doer(situation: Situation) -> str:
    return f"automation {situation.row['api_name']}"


def _all_failed(failures: Sequence[EverstepError]) -> EverstepError:
    if len({failure.sentence for failure in failures}) == 1:
        return failures[0]
    return ExpectedFailure("all_failed", _sentences(failures))


def _sentences(failures: Sequence[EverstepError]) -> str:
    said = list(dict.fromkeys(failure.sentence for failure in failures))
    return " ".join(said[:5]) + (" …" if len(said) > 5 else "")


async def _tell(connection: Connection, new: _New, made: Sequence[_Made]) -> list[str]:
    """Writes a mail for each of those whose they are, which goes out once this is committed; their addresses."""
    rows = await list_records_by_ids(connection, [each.activity["record_id"] for each in made])
    names = {row["id"]: row["name"] for row in rows}
    theirs: dict[str, list[str]] = defaultdict(list)
    for each in made:
        for member in [each.member] if each.member else new.role:
            theirs[member["email"]].append(names[each.activity["record_id"]])
    for place, (address, records) in enumerate(theirs.items(), start=1):
        await insert_notification(connection, _mail(new, address, records, place))
    return list(theirs)


def _mail(new: _New, address: str, records: Sequence[str], place: int) -> NewNotification:
    situation = new.situation
    due = new.due.moment.astimezone(situation.zone)
    told = notification_of(NewActivities(new.step.activity_type, due, records, new.note, new.role_name, situation.plan.name))
    return NewNotification(
        situation.key.execution_id, situation.key.sequence, told.severity, address, told.subject, told.body,
        datetime.now(UTC), place,
    )  # fmt: skip


def _result(new: _New, made: Sequence[_Made], failures: Sequence[EverstepError], told: Sequence[str]) -> Result:
    step, moment = new.step, new.due.moment
    output: dict[str, Any] = {"count": len(made), "due_at": moment.isoformat(), **new.due.output}
    if moment < new.situation.now:
        output["past"] = True
    if told:
        output["told"] = list(told)[:_SHOWN]
    output["scheduled"] = [each.told() for each in made[:_SHOWN]]
    ids = [str(each.activity["id"]) for each in made]
    variables = set_variable(new.situation, step.into, ids).variables if step.into else {}
    warning = _warning(step, made, failures)
    error = {"code": "partial_failure", "sentence": warning} if failures else None
    return Result(output=output, used=new.due.used, variables=variables, error=error, warning=warning)


def _warning(step: ScheduleActivity, made: Sequence[_Made], failures: Sequence[EverstepError]) -> str | None:
    if failures:
        of = len(made) + len(failures)
        return f"Step {step.id} scheduled nothing on {len(failures)} of the {of} records: {_sentences(failures)}"
    return None if made else f"Step {step.id} scheduled nothing: {describe_records(step.records)} leads to no record."


@writes("delete_scheduled_activity")
async def delete_scheduled_activity(
    step: DeleteScheduledActivity, situation: Situation, services: Services, connection: Connection
) -> Result:
    records = await named_records(connection, step.records, situation, most=MAX_RECORDS)
    found = await stored.list_activities_to_cancel(
        connection, records, types=step.activity_types, size=MAX_CANCELED + 1,
        execution_id=situation.key.execution_id if step.scheduled_by == "this_execution" else None,
        automation_id=situation.row["automation_id"] if step.scheduled_by == "this_automation" else None,
    )  # fmt: skip
    if len(found) > MAX_CANCELED:
        sentence = f"More than {MAX_CANCELED:,} crm activities would be canceled; one step cancels no more."
        raise ExpectedFailure("too_many_activities", sentence)
    canceled: list[str] = []
    for id in found:
        with suppress(ActivityClosedError, RecordArchivedError):  # somebody was faster
            await stored.cancel_activity(connection, id, by=_doer(situation), now=situation.now, origin=origin_of(situation))
            canceled.append(str(id))
    return Result(output={"count": len(canceled), "canceled": canceled[:_SHOWN]})
