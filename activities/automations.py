"""Steps that start executions of other automations."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from activities.chains import require_depth, require_few_starts
from activities.named_records import named_records
from activities.registry import writes
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.starting import Cause, Target, create_execution, launch_and_mark
from activities.switching import standing
from automations.document import AutomationDocument
from automations.failures import ExpectedFailure
from automations.kill_switches import refusing_starts
from automations.sources import source_value
from automations.steps.automations import StartAutomation
from store.automations import read_automation
from store.database import UNAVAILABLE, Connection
from store.records import read_record

_LOG = structlog.get_logger("everstep.starting")


MAX_STARTED = 100
"""Records on which one step starts automations."""


@writes("start_automation")
async def start_automation(step: StartAutomation, situation: Situation, services: Services, connection: Connection) -> Result:
    records = [None] if step.on == "global" else await named_records(connection, step.on, situation, most=MAX_STARTED)
    overrides = {override.variable: source_value(override.value, situation) for override in step.overrides}
    targets = await targets_on(connection, step.automations, records)
    launch_all = await start_targets(connection, targets, overrides, situation, services)
    output = {"started": [target.document.api_name for target in targets]}
    return Result(output=output, afterwards=launch_all)


async def start_targets(
    connection: Connection, targets: Sequence[Target], overrides: Mapping[str, Any], situation: Situation, services: Services
) -> Callable[[], Awaitable[None]]:
    """The children's rows join this step's transaction; their workflows start by what is answered, when it is committed."""
    depth = situation.row["depth"] + 1
    require_depth(depth, services.settings)
    await require_few_starts(connection, situation.row["root_id"], targets, services.settings)
    _require_not_killed(targets, situation)
    cause = _cause(overrides, situation, depth)
    started = [await create_execution(connection, target, cause, situation.now, services.settings) for target in targets]

    async def launch_all() -> None:
        for child in started:
            try:
                await launch_and_mark(services.database, services.temporal, services.settings, child)
            except (RPCError, *UNAVAILABLE) as error:
                _LOG.warning("start_postponed", execution_id=str(child.id), why=str(error))

    return launch_all


def _require_not_killed(targets: Iterable[Target], situation: Situation) -> None:
    switches = standing(situation.row)
    for target in targets:
        found = refusing_starts(switches, target.document.api_name, situation.now)
        if found:
            raise ExpectedFailure("killed", f"Automation {target.document.api_name} is not started: {found.story}.")


async def targets_on(connection: Connection, api_names: Sequence[str], records: Sequence[UUID | None]) -> list[Target]:
    """Each automation on each record. Raises ExpectedFailure where one cannot be started there."""
    return [await _target(connection, api_name, record) for api_name in api_names for record in records]


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


def _cause(overrides: Mapping[str, Any], situation: Situation, depth: int) -> Cause:
    row = situation.row
    now = situation.now.isoformat()
    trigger = {"type": "automation", "automation": row["api_name"], "event_at": now, "evaluated_at": now}
    return Cause(
        trigger=trigger, overrides=dict(overrides), priority=row["priority"], parent_id=situation.key.execution_id,
        root_id=row["root_id"], depth=depth,
    )  # fmt: skip
