"""What was asked of executions, by whom and why: kept whether or not it came to anything."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.executions import Request
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

ARCHIVED = "its record was archived"


async def insert_request(connection: Connection, execution_id: UUID, request: Request, now: datetime) -> None:
    """To be written in the transaction that hands the request over."""
    await QUERIES.insert_request(
        connection, id=new_id(), execution_id=execution_id, kind=request.kind, asked_by=request.by, why=request.why,
        step_id=request.step, path=request.path, asked_at=now,
    )  # fmt: skip


async def ask_executions(
    connection: Connection, asked: Sequence[tuple[UUID, Request]], now: datetime, gap: timedelta | None = None
) -> None:
    """Of executions that are locked. Their workflows hear of it after the commit, from whoever comes by.

    With a gap they are told one after the other, as by `tell_later`.
    """
    await QUERIES.ask_executions(
        connection, ids=[execution_id for execution_id, _ in asked], requests=[request.model_dump() for _, request in asked],
        now=now, gap=gap,
    )  # fmt: skip


async def promise_to_tell(connection: Connection, asked: Sequence[tuple[UUID, Any]], tell_in: timedelta) -> None:
    """Their workflows hear of it from whoever writes this, or after that time from a worker."""
    ids, requests = [execution_id for execution_id, _ in asked], [request for _, request in asked]
    await QUERIES.promise_to_tell(connection, ids=ids, requests=requests, tell_in=tell_in)


async def tell_later(connection: Connection, asked: Sequence[tuple[UUID, Any]], gap: timedelta) -> None:
    """What stands on many rows, as their workflows are to be told of it: one after the other, with that gap in between."""
    ids, requests = [execution_id for execution_id, _ in asked], [request for _, request in asked]
    await QUERIES.tell_later(connection, ids=ids, requests=requests, gap=gap)


async def take_to_tell(connection: Connection, lease: timedelta, size: int, *, paced: bool = False) -> list[Any]:
    """Requests with all it takes to tell them; nobody else gets them before the lease is over. One of each execution at most.

    `paced`: those of `tell_later`, in place of all others.
    """
    return [row async for row in QUERIES.take_to_tell(connection, lease=lease, size=size, paced=paced)]


async def list_to_tell(connection: Connection, execution_id: UUID) -> list[Any]:
    """In the order they were asked, whoever is about to tell them."""
    return [row async for row in QUERIES.list_to_tell(connection, execution_id=execution_id)]


async def count_unheeded(connection: Connection, lately: timedelta, most: int) -> int:
    """How many pauses and cancels were told lately and are not done yet: up to so many."""
    return await QUERIES.count_unheeded(connection, lately=lately, most=most)


async def touch_requests(connection: Connection, execution_ids: Collection[UUID]) -> None:
    """They are told now: that they stand for long before says nothing."""
    await QUERIES.touch_requests(connection, ids=list(execution_ids))


async def delete_told(connection: Connection, ids: Collection[str]) -> None:
    await QUERIES.delete_told(connection, ids=list(ids))


async def insert_restart(connection: Connection, execution_id: UUID, *, step: str, by: str, why: str, now: datetime) -> None:
    """In the history of the execution that another one takes up; no workflow hears of it."""
    await QUERIES.insert_request(
        connection, id=new_id(), execution_id=execution_id, kind="restart", asked_by=by, why=why, step_id=step, path=None,
        asked_at=now,
    )  # fmt: skip


async def list_requests(connection: Connection, execution_id: UUID) -> list[Any]:
    """In the order they were asked."""
    return [row async for row in QUERIES.list_requests(connection, execution_id=execution_id)]


async def end_executions_of_record(
    connection: Connection, record_id: UUID, request_id: str, now: datetime, by: str = "", why: str = ARCHIVED
) -> list[UUID]:
    """The same of one record, see `end_executions_of_records`."""
    return await end_executions_of_records(connection, [record_id], request_id, now, by, why)


async def end_executions_of_records(
    connection: Connection,
    record_ids: Collection[UUID],
    request_id: str,
    now: datetime,
    by: str = "",
    why: str = ARCHIVED,
    *,
    spared: UUID | None = None,
) -> list[UUID]:
    """Writes a cancel on each open execution of archived or deleted records but the `spared` one, and answers their ids.

    A chain of quick steps sees it at its next step; the others need its signal, see `list_being_canceled`. To be called before
    the records are locked: a step locks its execution first, and the record after it.
    """
    request = Request(id=request_id, kind="cancel", by=by, why=why, cause="record_archived")
    rows = QUERIES.end_executions_of_record(
        connection,
        record_ids=list(record_ids),
        spared=spared,
        request=request.model_dump(),
        request_id=request_id,
        asked_by=by,
        why=request.why,
        now=now,
    )
    return [row["execution_id"] async for row in rows]


async def list_being_canceled(connection: Connection, *record_ids: UUID) -> list[Any]:
    """The open executions of these records on which a cancel stands."""
    return [row async for row in QUERIES.list_being_canceled(connection, record_ids=list(record_ids))]
