"""The members of the team that a step names."""

from typing import Any
from uuid import UUID

from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.steps.members import (
    EmployeeByEmail,
    EmployeesByEmail,
    EmployeesByRole,
    EmployeesInField,
    EmployeesInVariable,
    LastActive,
    Members,
)
from store.database import Connection
from store.team import find_employee_by_email, find_last_active, list_employees_by_ids, list_employees_by_role


async def members_of(connection: Connection, members: Members, situation: Situation) -> list[Any]:
    """Rows of active employees, each once; empty if nobody is meant.

    Raises ExpectedFailure `unknown_employee` for an address that nobody has, and what reading a field or variable raises.
    """
    found = await _found(connection, members, situation)
    return list({row["id"]: row for row in found if row["active"]}.values())


async def _found(connection: Connection, members: Members, situation: Situation) -> list[Any]:
    match members:
        case "owner":
            return await _by_ids(connection, situation.field("owner"))
        case EmployeeByEmail():
            return [await _by_email(connection, members.employee)]
        case EmployeesByEmail():
            return [await _by_email(connection, address) for address in members.employees]
        case EmployeesByRole():
            return await list_employees_by_role(connection, members.role)
        case EmployeesInField():
            return await _by_ids(connection, selector_value(situation, members.field, members.through))
        case EmployeesInVariable():
            return await _by_ids(connection, situation.variable(members.variable))
        case LastActive():
            role = None if members.last_active == "any" else members.last_active
            row = await find_last_active(connection, situation.row["record_id"], role)
            return [row] if row else []


def selector_value(situation: Situation, field: str, through: str | None) -> Any:
    """What a team selector field holds: of the record, or of the first record behind a relationship."""
    return situation.related(through, field) if through else situation.field(field)


async def _by_ids(connection: Connection, held: Any) -> list[Any]:
    ids = held if isinstance(held, list) else [held] if held else []
    return await list_employees_by_ids(connection, [UUID(str(id)) for id in ids])


async def _by_email(connection: Connection, address: str) -> Any:
    found = await find_employee_by_email(connection, address)
    if found is None:
        raise ExpectedFailure("unknown_employee", f"There is no employee {address} (any more).")
    return found
