"""Executions that a step starts: their rows join its transaction, their workflows start when it is committed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from activities.chains import require_depth, require_few_starts
from activities.services import Services
from activities.situation import Situation
from activities.starting import LAUNCH_BY_WORKER, OWN_LAUNCH, Cause, Started, Target, create_execution, launch_and_mark
from activities.switching import standing
from automations.document import AutomationDocument
from automations.failures import ExpectedFailure
from automations.kill_switches import refusing_starts
from store.automations import read_automation
from store.database import UNAVAILABLE, Connection
from store.records import list_records_by_ids

_OWN_LAUNCHES = 20
"""Workflows that the step itself starts; more of them are left to the workers, which start many at once."""

_LOG = structlog.get_logger("everstep.starting")

Overrides = Mapping[str, Mapping[str, Any]]
"""Values of variables in canonical form, by automation."""


async def known_automation(connection: Connection, api_name: str) -> Any:
    """Its row. Raises ExpectedFailure `unknown_automation`."""
    automation = await read_automation(connection, api_name)
    if automation is None:
        raise ExpectedFailure("unknown_automation", f"There is no automation {api_name} (any more).")
    return automation


async def active_automations(connection: Connection, api_names: Sequence[str]) -> list[Any]:
    """Their rows, one named twice twice. Raises ExpectedFailure `unknown_automation` and `automation_inactive`."""
    found = {api_name: await known_automation(connection, api_name) for api_name in dict.fromkeys(api_names)}
    for api_name, automation in found.items():
        if not automation["active"]:
            raise ExpectedFailure("automation_inactive", f"Automation {api_name} is not active.")
    return [found[api_name] for api_name in api_names]


async def targets_of(connection: Connection, automations: Sequence[Any], record_ids: Sequence[UUID] | None) -> list[Target]:
    """Each automation on each of the records (None: on none); a global one once, on none.

    Raises ExpectedFailure `record_required`, `unknown_record`, `wrong_object` and `record_archived`.
    """
    records = {row["id"]: row for row in await list_records_by_ids(connection, record_ids or [])}
    targets: list[Target] = []
    for automation in automations:
        document = AutomationDocument.model_validate(automation["document"])
        if document.object is None:
            targets.append(Target(automation, document))
            continue
        if record_ids is None:
            raise ExpectedFailure("record_required", f"Automation {document.api_name} works on records of {document.object}.")
        targets += [Target(automation, document, _fitting(automation, document, each, records)) for each in record_ids]
    return targets


def _fitting(automation: Any, document: AutomationDocument, record_id: UUID, records: Mapping[UUID, Any]) -> Any:
    record, api_name = records.get(record_id), document.api_name
    if record is None or record["deleted_at"] is not None:
        raise ExpectedFailure("unknown_record", f"There is no record {record_id} (any more) to start automation {api_name} on.")
    if record["object_id"] != automation["object_id"]:
        said = f"Automation {api_name} works on records of {document.object}, and {record['name']} is none."
        raise ExpectedFailure("wrong_object", said)
    if record["archived_at"] is not None:
        said = f"Record {record['name']} ({record_id}) is archived: automation {api_name} is not started on it."
        raise ExpectedFailure("record_archived", said)
    return record


async def start_children(
    connection: Connection, targets: Sequence[Target], overrides: Overrides, situation: Situation, services: Services
) -> list[Started]:
    """They inherit the priority and the chain. Raises ExpectedFailure `chain_too_deep`, `chain_repeats` and `killed`."""
    require_depth(situation.row["depth"] + 1, services.settings)
    await require_few_starts(connection, situation.row["root_id"], targets, services.settings)
    _require_not_killed(targets, situation)
    launch_in = OWN_LAUNCH if len(targets) <= _OWN_LAUNCHES else LAUNCH_BY_WORKER
    return [
        await create_execution(
            connection, target, _cause(overrides.get(target.document.api_name, {}), situation), situation.now, services.settings,
            launch_in=launch_in,
        )
        for target in targets
    ]  # fmt: skip


async def launch_children(services: Services, started: Sequence[Started]) -> None:
    """Where they are few; what cannot be started now is started by the workers later."""
    for child in started if len(started) <= _OWN_LAUNCHES else ():
        try:
            await launch_and_mark(services.database, services.temporal, services.settings, child)
        except (RPCError, *UNAVAILABLE) as error:
            _LOG.warning("start_postponed", execution_id=str(child.id), why=str(error))


def _require_not_killed(targets: Iterable[Target], situation: Situation) -> None:
    switches = standing(situation.row)
    for target in targets:
        found = refusing_starts(switches, target.document.api_name, situation.now)
        if found:
            raise ExpectedFailure("killed", f"Automation {target.document.api_name} is not started: {found.story}.")


def _cause(overrides: Mapping[str, Any], situation: Situation) -> Cause:
    row, now = situation.row, situation.now.isoformat()
    trigger = {"type": "automation", "automation": row["api_name"], "event_at": now, "evaluated_at": now}
    return Cause(
        trigger=trigger, overrides=dict(overrides), priority=row["priority"], parent_id=situation.key.execution_id,
        root_id=row["root_id"], depth=row["depth"] + 1,
    )  # fmt: skip
