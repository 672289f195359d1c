"""Steps that make, archive and find records beside the execution's own."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog

from activities.changing import Given, changed_values
from activities.children import active_automations, launch_children, start_children, targets_of
from activities.creating import origin_of, record_of_name, stored_object
from activities.named_records import named_records
from activities.registry import runs, writes
from activities.requesting import hand_over
from activities.results import ChangedMeanwhileError, Onward, Result, Stop
from activities.services import Services
from activities.situation import Situation
from activities.variables import keep_records
from automations.failures import ExpectedFailure
from automations.fields import RelationshipField
from automations.filters import describe_filter, with_values
from automations.steps.changes import FieldChange
from automations.steps.related import ArchiveRecord, CreateRecord, Link, SearchRecords
from store.database import DEADLOCKED, Connection
from store.many_records import archive_records
from store.record_search import Search
from store.record_search import search_records as find_records
from store.record_sorting import SortKey
from store.records import list_records_by_ids
from store.requests import ARCHIVED, list_being_canceled

MAX_ARCHIVED = 1_000
"""Records that one step archives."""

_PATIENCE_SECONDS = 3
"""For telling executions that they are canceled. What does not get through by then is made up for by the worker."""

_LOG = structlog.get_logger("everstep.related")


@writes("create_record")
async def create_record(step: CreateRecord, situation: Situation, services: Services, connection: Connection) -> Result:
    """The record, what leads to it and the executions on it are there together or not at all."""
    stored = await stored_object(connection, step.object)
    outcome = await record_of_name(connection, step, stored, situation)
    record_id = outcome.row["id"]
    fields = _linked(step.link, step.object, record_id, situation) if step.link else {}
    variables = keep_records(situation, step.into, [record_id], step.into_how) if step.into else {}
    output = {"record_id": str(record_id), "name": outcome.row["name"], "made": outcome.made}
    if not step.start:
        return Result(fields=fields, variables=variables, output=output)
    targets = await targets_of(connection, await active_automations(connection, step.start), [record_id])
    started = await start_children(connection, targets, {}, situation, services)

    async def afterwards() -> None:
        await launch_children(services, started)

    output = {**output, "started": [child.automation for child in started]}
    return Result(fields=fields, variables=variables, output=output, afterwards=afterwards)


def _linked(link: Link, object: str, record_id: UUID, situation: Situation) -> dict[str, Any]:
    """The changed field of the execution's own record, if it is one."""
    field = situation.field_definition(link.field)
    if not isinstance(field, RelationshipField) or field.object != object:
        leads = f"leads to records of {field.object}" if isinstance(field, RelationshipField) else "is no relationship"
        raise ExpectedFailure("wrong_object", f"Field {field.name} {leads}, so it cannot lead to the new {object}.")
    change = FieldChange.model_validate({"field": link.field, "value": [str(record_id)], "how": link.how})
    changed = changed_values([Given(change, [str(record_id)])], situation)
    if changed.failed:
        raise changed.failure()
    return changed.values


@writes("archive_record")
async def archive_record(step: ArchiveRecord, situation: Situation, services: Services, connection: Connection) -> Result:
    """Its own execution ends by this step's outcome, all others by a request that stands on them from now on."""
    ids = await named_records(connection, step.records, situation, most=MAX_ARCHIVED)
    try:
        output = await _archived(connection, step, ids, situation)
    except DEADLOCKED as error:  # with one that archives this execution's record, which it sees when it is run again
        raise ChangedMeanwhileError from error
    canceled = await list_being_canceled(connection, *ids)

    async def tell() -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await hand_over(services.database, services.temporal, services.settings, canceled)
        except TimeoutError as error:
            _LOG.warning("requests_postponed", count=len(canceled), why=str(error) or "TimeoutError")

    is_own = situation.row["record_id"] in ids
    then = Stop("canceled", ARCHIVED, cause="record_archived") if is_own else Onward()
    return Result(then=then, output=output, afterwards=tell if canceled else None)


async def _archived(connection: Connection, step: ArchiveRecord, ids: Sequence[UUID], situation: Situation) -> dict[str, Any]:
    """The step's output. Raises ExpectedFailure `unknown_record` if there are records named and none of them is there."""
    archived = await archive_records(
        connection, ids, now=situation.now, origin=origin_of(situation), spared=situation.key.execution_id
    )
    there = {row["id"] for row in await list_records_by_ids(connection, ids) if row["deleted_at"] is None}
    gone = [str(id) for id in ids if id not in there]
    if gone and not there:
        raise ExpectedFailure("unknown_record", f"There is no record {', '.join(gone[:10])} (any more).")
    counted = {"archived": len(archived), "were_archived": len(there - archived)}
    return counted | ({"gone": len(gone)} if gone else {})


@runs("search_records")
async def search_records(step: SearchRecords, situation: Situation, services: Services) -> Result:
    filter = with_values(step.filter, situation.render_inside) if step.filter is not None else None
    search = Search(filter, [SortKey(key.by, key.direction == "desc") for key in step.sort], step.archived)
    async with services.database.connection() as connection:
        stored = await stored_object(connection, step.object)
        rows = (await find_records(connection, stored, search, size=step.limit + 1)).rows
    ids = [row["id"] for row in rows[: step.limit]]
    used = [{"ref": "filter", "found": describe_filter(filter)}] if filter is not None else []
    output = {"found": len(ids), "more": len(rows) > len(ids)}
    return Result(variables=keep_records(situation, step.into, ids, step.how), output=output, used=used)
