"""Employees: who can own records and be told of things."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


async def put_employee(
    connection: Connection, email: str, *, name: str, roles: Sequence[str] = (), active: bool = True, phone: str | None = None
) -> Any:
    """Creates or replaces the employee of this address."""
    return await QUERIES.put_employee(
        connection, id=new_id(), email=email, name=name, roles=list(dict.fromkeys(roles)), active=active, phone=phone
    )


async def list_employees(connection: Connection, *, cursor: str | None = None, size: int = 50) -> list[Any]:
    """By address."""
    return [row async for row in QUERIES.list_employees(connection, cursor=cursor and cursor.lower(), size=size)]


async def list_employees_by_ids(connection: Connection, ids: Iterable[UUID]) -> list[Any]:
    """Those that exist, also who has left."""
    return [row async for row in QUERIES.list_employees_by_ids(connection, ids=list(ids))]


async def list_employees_by_role(connection: Connection, role: str) -> list[Any]:
    """The active ones, in an order that stays."""
    return [row async for row in QUERIES.list_employees_by_role(connection, role=role)]


async def find_employee_by_email(connection: Connection, email: str) -> Any | None:
    return await QUERIES.find_employee_by_email(connection, email=email)


async def find_employee(connection: Connection, key: str) -> Any | None:
    """By id or address; None for text that is neither."""
    if "@" in key:
        return await find_employee_by_email(connection, key.strip())
    try:
        return next(iter(await list_employees_by_ids(connection, [UUID(key)])), None)
    except ValueError:
        return None


async def find_last_active(connection: Connection, record_id: UUID, role: str | None = None) -> Any | None:
    """The active employee who last logged or completed a crm activity on the record; with `role` of those who have it."""
    return await QUERIES.find_last_active(connection, record_id=record_id, role=role)


async def list_active_employees(connection: Connection) -> list[Any]:
    """In an order that stays."""
    return [row async for row in QUERIES.list_active_employees(connection)]


async def take_turn(connection: Connection, automation_id: UUID, step_id: str, candidates: Sequence[Any]) -> Any:
    """Whose turn it is: the next of the candidates after who had the last one, in the order of their ids.

    Call it in the transaction that uses the turn: until its end nobody else has one at this step.
    """
    ordered = sorted(candidates, key=lambda row: row["id"])
    turns = await QUERIES.lock_turns(connection, automation_id=automation_id, step_id=step_id, first=ordered[0]["id"])
    had = turns["last_employee"] if turns["turns"] else None
    chosen = next((row for row in ordered if had is not None and row["id"] > had), ordered[0])
    await QUERIES.write_turn(connection, automation_id=automation_id, step_id=step_id, employee=chosen["id"])
    return chosen
