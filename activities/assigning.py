"""The one member of the team to whom something is assigned."""

from collections.abc import Iterable
from typing import Any, assert_never
from uuid import UUID

from activities.members import members_of, selector_value
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.steps.members import Assignment, EmployeesByEmail
from store.database import Connection
from store.team import find_last_active, list_active_employees, list_employees_by_ids, list_employees_by_role, take_turn


async def assigned(connection: Connection, assignment: Assignment, situation: Situation, step_id: str) -> Any:
    """The row of an active employee. A round robin takes a turn of the step's: call it in the transaction that uses the turn.

    Raises ExpectedFailure `unknown_employee` for an address that nobody has, `nobody_to_assign`, and what reading a field or
    variable raises.
    """
    candidates = [row for row in await _candidates(connection, assignment, situation) if row["active"]]
    if not candidates:
        raise ExpectedFailure("nobody_to_assign", f"There is nobody to assign: {_nobody(assignment)}.")
    if assignment.takes_turns:
        return await take_turn(connection, situation.row["automation_id"], step_id, candidates)
    return candidates[0]


async def _candidates(connection: Connection, assignment: Assignment, situation: Situation) -> list[Any]:
    match assignment.how:
        case "employee":
            return await members_of(connection, EmployeesByEmail(employees=[assignment.employee or ""]), situation)
        case "round_robin_employees":
            return await members_of(connection, EmployeesByEmail(employees=assignment.employees or []), situation)
        case "owner":
            return await _named(connection, "The owner", situation.field("owner"))
        case "field":
            held = selector_value(situation, assignment.field or "", assignment.through)
            return await _named(connection, f"The {assignment.describe_who()}", held)
        case "variable":
            return await _named(connection, f"The {assignment.describe_who()}", situation.variable(assignment.variable or ""))
        case "last_active" | "last_active_role":
            return await _last_active(connection, assignment, situation)
        case "round_robin_all":
            return await list_active_employees(connection)
        case "round_robin_role":
            return await list_employees_by_role(connection, assignment.role or "")
        case _:
            assert_never(assignment.how)


async def _last_active(connection: Connection, assignment: Assignment, situation: Situation) -> list[Any]:
    if situation.definition is None:
        raise ExpectedFailure("no_record", "The execution has no record on which anybody was active.")
    found = await find_last_active(connection, situation.row["record_id"], assignment.role)
    return [found] if found else []


async def _named(connection: Connection, what: str, held: Any) -> list[Any]:
    """In the order in which they are named."""
    ids = held if isinstance(held, list) else [held] if held else []
    rows = {row["id"]: row for row in await list_employees_by_ids(connection, _uuids(what, ids))}
    return [rows[id] for id in _uuids(what, ids) if id in rows]


def _uuids(what: str, ids: Iterable[Any]) -> list[UUID]:
    try:
        return [UUID(str(id)) for id in ids]
    except ValueError:
        raise ExpectedFailure("not_a_team_selector", f"{what} holds something that names no employee.") from None


def _nobody(assignment: Assignment) -> str:
    match assignment.how:
        case "employee":
            return f"{assignment.employee} is not active any more"
        case "round_robin_employees":
            return f"none of {', '.join(assignment.employees or [])} is active any more"
        case "owner":
            return "the record has no active owner"
        case "field" | "variable":
            return f"the {assignment.describe_who()} names no active employee"
        case "last_active":
            return "no active employee has logged or completed a crm activity on the record"
        case "last_active_role":
            return f"no active employee with the role {assignment.role} has logged or completed a crm activity on the record"
        case "round_robin_all":
            return "no employee is active"
        case "round_robin_role":
            return f"no active employee has the role {assignment.role}"
        case _:
            assert_never(assignment.how)
