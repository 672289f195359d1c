"""Bulk starts at work: which records a filter finds, and their turns, a page at a time.

A page is one transaction. A crash anywhere leaves a page done or not done, so that each record has one turn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from activities.plain_words import BROKEN
from activities.record_values import record_values
from activities.resuming import lock_resumable, resume_of
from activities.services import Services
from activities.starting import LAUNCH_BY_WORKER, Cause, Target, create_execution
from automations.bulk_starts import Selection, Turn, page_size, page_time
from automations.document import AutomationDocument
from automations.errors import FilterError
from automations.filter_evaluation import FilterValues, evaluate
from automations.filters import Filter
from automations.kill_switches import refusing_starts
from store import bulk_starts as stored
from store.database import UNAVAILABLE, Connection
from store.kill_switches import list_standing_switches
from store.record_search import scan_records
from store.records import list_records_by_ids
from store.requests import ask_executions

_COLLECTED = 2_000
"""Records that are looked at in one transaction."""
_AGAIN = timedelta(seconds=10)
_LOG = structlog.get_logger("everstep.bulk")


async def bulk_start_once(services: Services) -> int:
    """One page of the bulk start that waits longest; 0 if there was nothing to do.

    What goes wrong with one bulk start as a whole keeps no other from its turn.
    """
    taken: UUID | None = None
    try:
        async with services.database.transaction() as connection:
            bulk_start = await stored.take_bulk_start(connection)
            if bulk_start is None:
                return 0
            taken = bulk_start["id"]
            return await _work(connection, bulk_start, services, datetime.now(UTC))
    except UNAVAILABLE:
        raise
    except Exception:
        if taken:
            async with services.database.connection() as connection:
                await stored.postpone_bulk_start(connection, taken, _AGAIN)
        raise


async def _work(connection: Connection, bulk_start: Any, services: Services, now: datetime) -> int:
    """How many records were looked at; 1 also where it came to its end."""
    if not bulk_start["active"]:
        reason = f"automation {bulk_start['api_name']} is not active any more"
        await stored.end_bulk_start(connection, bulk_start["id"], "canceled", reason=reason, now=now)
        _LOG.warning("bulk_start_canceled", bulk_start=str(bulk_start["id"]), why=reason)
        return 1
    if bulk_start["state"] == "collecting":
        return await _collect(connection, bulk_start, services, now)
    return await _take_turns(connection, bulk_start, services, now)


async def _collect(connection: Connection, bulk_start: Any, services: Services, now: datetime) -> int:
    """The next of all records of the object, and those among them that fit."""
    filter = Selection.model_validate(bulk_start["selection"]).filter
    scanned = await scan_records(connection, bulk_start["object_id"], filter, bulk_start["cursor"], _COLLECTED)
    found = await _fitting(connection, scanned.ids, filter, services) if filter else dict.fromkeys(scanned.ids)
    await stored.add_bulk_start_records(connection, bulk_start["id"], found)
    cursor, is_all = scanned.last or bulk_start["cursor"], scanned.looked_at < _COLLECTED
    await stored.mark_collected(connection, bulk_start["id"], cursor=cursor, is_all=is_all, now=now)
    return max(1, scanned.looked_at)


async def _fitting(connection: Connection, ids: Sequence[UUID], filter: Filter, services: Services) -> dict[UUID, str | None]:
    """Of those that may fit: each with None, or with the reason why there is no telling whether it does."""
    rows = await list_records_by_ids(connection, ids)
    values = await record_values(connection, services.definitions, rows, [filter])
    answers = {row["id"]: _answer(filter, values[row["id"]]) for row in rows}
    return {id: None if answer is True else answer for id, answer in answers.items() if answer is not False}


def _answer(filter: Filter, values: FilterValues) -> bool | str:
    try:
        return evaluate(filter, values).matched
    except FilterError as error:
        return error.sentence


@dataclass(frozen=True)
class _Page:
    """What the records of a page have their turns with. `paused` are executions to resume, by record."""

    bulk_start: Any
    document: AutomationDocument
    records: Mapping[UUID, Any]
    paused: Mapping[UUID, Sequence[Any]]
    killed: bool
    services: Services
    now: datetime


async def _take_turns(connection: Connection, bulk_start: Any, services: Services, now: datetime) -> int:
    pace, bulk_start_id = services.settings.bulk_starts_per_second, bulk_start["id"]
    left = await stored.list_records_left(connection, bulk_start_id, page_size(pace) + 1)
    record_ids = left[: page_size(pace)]
    page = await _page(connection, bulk_start, record_ids, services, now)
    turns = [await _turn(connection, record_id, page) for record_id in record_ids]
    await stored.write_turns(connection, bulk_start_id, turns, pause=page_time(pace), now=now)
    if left == record_ids:
        await stored.end_bulk_start(connection, bulk_start_id, "completed", now=now)
        _LOG.info("bulk_start_completed", bulk_start=str(bulk_start_id), automation=bulk_start["api_name"])
    return max(1, len(turns))


async def _page(connection: Connection, bulk_start: Any, record_ids: Sequence[UUID], services: Services, now: datetime) -> _Page:
    """Executions are locked before anything is known of their records."""
    automation_id, api_name = bulk_start["automation_id"], bulk_start["api_name"]
    paused: dict[UUID, list[Any]] = {}
    for row in await lock_resumable(connection, automation_id, record_ids) if bulk_start["resume_paused"] else []:
        paused.setdefault(row["record_id"], []).append(row)
    records = {row["id"]: row for row in await list_records_by_ids(connection, record_ids)}
    plan = await services.definitions.plan(connection, automation_id, bulk_start["revision"])
    killed = refusing_starts(await list_standing_switches(connection), api_name, now) is not None
    return _Page(bulk_start, plan.document, records, paused, killed, services, now)


async def _turn(connection: Connection, record_id: UUID, page: _Page) -> Turn:
    """A record that breaks its own turn stands in no other's way."""
    if why_not := _why_not(page, page.records.get(record_id)):
        return Turn(record_id, "skipped", why_not)
    try:
        async with connection.transaction():
            return await _resumed_or_started(connection, page.records[record_id], page)
    except UNAVAILABLE:
        raise
    except Exception:
        _LOG.exception("bulk_start_failed_for_record", bulk_start=str(page.bulk_start["id"]), record_id=str(record_id))
        return Turn(record_id, "failed", BROKEN)


def _why_not(page: _Page, record: Any | None) -> str | None:
    if page.killed:
        return "killed"
    if record is None or record["object_id"] != page.bulk_start["object_id"]:
        return "no_record"
    return "record_archived" if record["archived_at"] else None


async def _resumed_or_started(connection: Connection, record: Any, page: _Page) -> Turn:
    paused = page.paused.get(record["id"], ())
    if paused:
        by, why = page.bulk_start["by"], f"bulk start {page.bulk_start['id']}"
        await ask_executions(connection, [await resume_of(connection, row, by=by, why=why) for row in paused], page.now)
        return Turn(record["id"], "resumed", execution_id=paused[-1]["id"])
    automation = {"id": page.bulk_start["automation_id"], "revision": page.bulk_start["revision"]}
    started = await create_execution(
        connection, Target(automation, page.document, record), _cause(page), page.now, page.services.settings,
        launch_in=LAUNCH_BY_WORKER,
    )  # fmt: skip
    return Turn(record["id"], "started", execution_id=started.id)


def _cause(page: _Page) -> Cause:
    """It happened when it was asked for."""
    bulk_start = page.bulk_start
    trigger = {
        "type": "manual", "bulk_start": str(bulk_start["id"]), "by": bulk_start["by"],
        "event_at": bulk_start["created_at"].isoformat(), "evaluated_at": page.now.isoformat(),
    }  # fmt: skip
    return Cause(trigger=trigger, overrides=bulk_start["variables"], priority=bulk_start["priority"])
