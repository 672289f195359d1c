"""Steps that start executions of other automations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from activities.chains import require_depth, require_few_starts
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.starting import Cause, Started, Target, create_execution, launch_and_mark
from activities.switching import standing
from automations.document import AutomationDocument
from automations.failures import ExpectedFailure
from automations.kill_switches import refusing_starts
from automations.sources import source_value
from automations.steps.control import StartAutomation
from automations.steps.lengths import FieldMoment
from store.automations import read_automation
from store.database import UNAVAILABLE, Connection
from store.records import read_record

_LOG = structlog.get_logger("everstep.starting")


@dataclass(frozen=True)
class _Child:
    target: Target
    cause: Cause


@runs("start_automation")
async def start_automation(step: StartAutomation, situation: Situation, services: Services) -> Result:
    """The children's rows join this step's transaction; their workflows start when it is committed."""
    depth = situation.row["depth"] + 1
    require_depth(depth, services.settings)
    async with services.database.connection() as connection:
        targets = await _targets(connection, step, situation)
        await require_few_starts(connection, situation.row["root_id"], targets, services.settings)
    _require_not_killed(targets, situation)
    children = [_Child(target, _cause(step, situation, depth)) for target in targets]
    started: list[Started] = []

    async def insert(connection: Connection) -> None:
        started.clear()
        for child in children:
            started.append(await create_execution(connection, child.target, child.cause, situation.now, services.settings))

    async def launch_all() -> None:
        for child in started:
            try:
                await launch_and_mark(services.database, services.temporal, services.settings, child)
            except (RPCError, *UNAVAILABLE) as error:
                _LOG.warning("start_postponed", execution_id=str(child.id), why=str(error))

    output = {"started": [child.target.document.api_name for child in children]}
    return Result(output=output, also=insert, afterwards=launch_all)


def _require_not_killed(targets: Iterable[Target], situation: Situation) -> None:
    switches = standing(situation.row)
    for target in targets:
        found = refusing_starts(switches, target.document.api_name, situation.now)
        if found:
            raise ExpectedFailure("killed", f"Automation {target.document.api_name} is not started: {found.story}.")


async def _targets(connection: Connection, step: StartAutomation, situation: Situation) -> list[Target]:
    record_ids = _record_ids(step, situation)
    return [await _target(connection, api_name, record) for api_name in step.automations for record in record_ids]


def _record_ids(step: StartAutomation, situation: Situation) -> list[UUID | None]:
    match step.on:
        case "this_record":
            return [situation.row["record_id"]]
        case "global":
            return [None]
        case FieldMoment():
            return [UUID(record) for record in situation.field(step.on.field) or []]


async def _target(connection: Connection, api_name: str, record_id: UUID | None) -> Target:
    automation = await read_automation(connection, api_name)
    if automation is None:
        raise ExpectedFailure("unknown_automation", f"There is no automation {api_name} (any more).")
    if not automation["active"]:
        raise ExpectedFailure("automation_inactive", f"Automation {api_name} is not active.")
    record = await read_record(connection, record_id) if record_id and automation["object_id"] else None
    if automation["object_id"] and (record is None or record["object_id"] != automation["object_id"]):
        raise ExpectedFailure("wrong_object", f"Automation {api_name} works on another object's records than this one.")
    if record is not None and record["archived_at"] is not None:
        raise ExpectedFailure("record_archived", f"Record {record_id} is archived: automation {api_name} is not started on it.")
    return Target(automation, AutomationDocument.model_validate(automation["document"]), record)


def _cause(step: StartAutomation, situation: Situation, depth: int) -> Cause:
    overrides: dict[str, Any] = {override.variable: source_value(override.value, situation) for override in step.overrides}
    row = situation.row
    now = situation.now.isoformat()
    trigger = {"type": "automation", "automation": row["api_name"], "event_at": now, "evaluated_at": now}
    return Cause(
        trigger=trigger, overrides=overrides, priority=row["priority"], parent_id=situation.key.execution_id,
        root_id=row["root_id"], depth=depth,
    )  # fmt: skip
