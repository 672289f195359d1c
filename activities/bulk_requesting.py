"""Bulk requests at work: the executions of one have their turns a page at a time.

A page is one transaction. A crash anywhere leaves a page done or not done, so that each execution is asked once.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from activities.asking import accepted, deed, pinned
from activities.services import Services
from activities.telling import is_behind
from automations.asking import Refused
from automations.bulk_requests import Item, page_size, page_time
from automations.executions import Request
from store import bulk_requests as stored
from store.audit import Actor, Deed, write_audits
from store.database import UNAVAILABLE, Connection
from store.executions import lock_executions
from store.requests import ask_executions

_AGAIN = timedelta(seconds=10)
_LOG = structlog.get_logger("everstep.bulk")


async def bulk_request_once(services: Services) -> int:
    """One page of the bulk request that waits longest; 0 if there was nothing to do.

    What goes wrong with one of them keeps no other from its turn.
    """
    taken: UUID | None = None
    try:
        async with services.database.transaction() as connection:
            bulk_request = await stored.take_bulk_request(connection)
            if bulk_request is None:
                return 0
            taken = bulk_request["id"]
            if await is_behind(connection):
                return 0
            return await _take_turns(connection, bulk_request, services, datetime.now(UTC))
    except UNAVAILABLE:
        raise
    except Exception:
        if taken:
            async with services.database.connection() as connection:
                await stored.postpone_bulk_request(connection, taken, _AGAIN)
        raise


async def _take_turns(connection: Connection, bulk_request: Any, services: Services, now: datetime) -> int:
    pace, id = services.settings.bulk_requests_per_second, bulk_request["id"]
    left = await stored.list_items_left(connection, id, page_size(pace) + 1)
    page = left[: page_size(pace)]
    rows = {row["id"]: row for row in await lock_executions(connection, [each["execution_id"] for each in page])}
    turns = [await _turn(connection, bulk_request, each, rows) for each in page]
    asked = [(item.execution_id, request) for item, request in turns if request]
    await ask_executions(connection, asked, now)
    actor = Actor(bulk_request["key_id"], bulk_request["by"], bulk_request["request_id"])
    await write_audits(connection, actor, _deeds(rows, asked))
    await stored.write_items(connection, id, [item for item, _ in turns], pause=page_time(pace), now=now)
    if left == page:
        await stored.end_bulk_request(connection, id, "completed", now=now)
        _LOG.info("bulk_request_completed", bulk_request=str(id), kind=bulk_request["kind"])
    return max(1, len(page))


def _deeds(rows: Mapping[UUID, Any], asked: list[tuple[UUID, Request]]) -> list[Deed]:
    return [deed(rows[execution_id], request) for execution_id, request in asked]


async def _turn(connection: Connection, bulk_request: Any, item: Any, rows: Mapping[UUID, Any]) -> tuple[Item, Request | None]:
    """What becomes of one, and what it is asked."""
    place, execution_id = item["place"], item["execution_id"]
    row = rows.get(execution_id)
    if row is None:
        sentence = f"There is no execution {execution_id}."
        return Item(place, execution_id, "not_found", "execution_not_found", sentence), None
    request = Request(
        id=str(uuid4()), kind=bulk_request["kind"], by=bulk_request["by"], why=bulk_request["why"], path=bulk_request["path"]
    )  # fmt: skip
    found = accepted(request, row)
    if isinstance(found, Refused):
        return Item(place, execution_id, "refused", found.code, found.sentence), None
    return Item(place, execution_id, "asked"), await pinned(connection, row, found)
