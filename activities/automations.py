"""Steps that act on other automations: they start them, and pause, resume and cancel what is under way of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from activities.children import (
    Overrides,
    active_automations,
    known_automation,
    launch_children,
    start_children,
    targets_of,
)
from activities.named_records import named_records
from activities.registry import writes
from activities.requesting import ask_all
from activities.results import Result, Stop
from activities.resuming import lock_resumable
from activities.services import Services
from activities.situation import Situation
from activities.starting import Target
from activities.step_requests import Asker, giving_way
from activities.telling import tell_now
from automations.document import AutomationDocument
from automations.executions import Request, canceled_by
from automations.failures import ExpectedFailure
from automations.field_values import variable_value
from automations.scalars import is_blank
from automations.sources import StaticSource, source_value
from automations.steps.automations import ModifyAutomation, Override, StartAutomation
from store.database import Connection
from store.executions import lock_open_of_records
from store.requests import ask_executions, insert_request

MAX_RECORDS = 100
"""That one step acts on."""

MAX_EXECUTIONS = 1_000
"""That one step asks something of."""


@writes("start_automation")
async def start_automation(step: StartAutomation, situation: Situation, services: Services, connection: Connection) -> Result:
    """What is resumed is locked before anything is known of its record, as everywhere."""
    automations = await active_automations(connection, step.automations)
    record_ids = None if step.on == "global" else await named_records(connection, step.on, situation, most=MAX_RECORDS)
    paused = await _paused(connection, automations, record_ids) if step.resume_paused else []
    targets = await targets_of(connection, automations, record_ids)
    overrides = _overrides(step.overrides, [target.document for target in targets], situation)
    going_on = {(row["automation_id"], row["record_id"]) for row in paused}
    fresh = [target for target in targets if _key(target) not in going_on]
    started = await start_children(connection, fresh, overrides, situation, services)
    asked = await Asker("resume", step, situation).ask(connection, paused)
    await ask_all(connection, services.settings, asked, situation.now)

    async def afterwards() -> None:
        await launch_children(services, started)
        if asked:
            await tell_now(services)

    output: dict[str, Any] = {"started": [child.automation for child in started]}
    if step.resume_paused:
        names = {automation["id"]: automation["api_name"] for automation in automations}
        output["resumed"] = [names[row["automation_id"]] for row in paused]
    return Result(output=output, afterwards=afterwards)


async def _paused(connection: Connection, automations: Sequence[Any], record_ids: Sequence[UUID] | None) -> list[Any]:
    """What can be resumed of each automation on the records; of a global one, wherever it was started from."""
    async with giving_way(connection):
        found = [
            await lock_resumable(connection, automation["id"], record_ids if automation["object_id"] else None)
            for automation in {each["id"]: each for each in automations}.values()
        ]
    return [row for rows in found for row in rows]


def _key(target: Target) -> tuple[UUID, UUID | None]:
    return target.automation["id"], target.record["id"] if target.record else None


def _overrides(overrides: Sequence[Override], documents: Sequence[AutomationDocument], situation: Situation) -> Overrides:
    """What is said for one of them counts for more than what is said for all."""
    by_name = {document.api_name: document for document in documents}
    found: dict[str, dict[str, Any]] = {api_name: {} for api_name in by_name}
    for override in sorted(overrides, key=lambda each: each.automation is not None):
        meant = [api_name for api_name in by_name if override.automation in (None, api_name)]
        raw = source_value(override.value, situation)
        taken = [_override(found[api_name], override, raw, by_name[api_name]) for api_name in meant]
        if meant and not any(taken):
            said = f"{' and '.join(meant)} {'has' if len(meant) == 1 else 'have'} no variable {override.variable} (any more)."
            raise ExpectedFailure("unknown_variable", f"Automation {said}")
    return found


def _override(found: dict[str, Any], override: Override, raw: Any, document: AutomationDocument) -> bool:
    """Whether the automation has such a variable. Raises FieldValueError for a value that does not fit it."""
    variable = document.variable(override.variable)
    if variable is None:
        return False
    if not is_blank(raw) or override.value == StaticSource(static=None):
        found[variable.name] = variable_value(variable.type, variable.list, raw, name=variable.name)
    return True


@writes("modify_automation")
async def modify_automation(step: ModifyAutomation, situation: Situation, services: Services, connection: Connection) -> Result:
    """Requests stand on the rows when this is committed; the workflows are told right after that."""
    automations = [await _of_records(connection, api_name) for api_name in dict.fromkeys(step.named)]
    record_ids = await named_records(connection, step.records, situation, most=MAX_RECORDS)
    if step.action == "start":
        return await _start(connection, step, record_ids, situation, services)
    rows = await _under_way(connection, step, automations, record_ids, situation)
    asker = Asker(step.action, step, situation)
    asked = await asker.ask(connection, rows)
    own_id = situation.key.execution_id
    others = [each for each in asked if each[0] != own_id]
    await ask_all(connection, services.settings, others, situation.now)

    async def afterwards() -> None:
        await tell_now(services)

    output = {"action": step.action, "found": len(rows), "asked": len(asked), "left": dict(asker.left)}
    result = Result(output=output, afterwards=afterwards if asked else None)
    return _asking_itself(result, [each for each in asked if each[0] == own_id], situation)


def _asking_itself(result: Result, own: Sequence[tuple[UUID, Request]], situation: Situation) -> Result:
    """Decided with the step's own history: a cancel is how it ends, a pause stands on its row for the steps after this one."""
    if not own:
        return result
    [(own_id, request)] = own

    async def ask(connection: Connection) -> None:
        if request.kind == "cancel":
            await insert_request(connection, own_id, request, situation.now)
        else:
            await ask_executions(connection, own, situation.now)

    then = Stop("canceled", canceled_by(request)) if request.kind == "cancel" else result.then
    return replace(result, then=then, also=ask)


async def _of_records(connection: Connection, api_name: str) -> Any:
    automation = await known_automation(connection, api_name)
    if automation["object_id"] is None:
        raise ExpectedFailure("global_automation", f"Automation {api_name} is global: nothing of it is under way on a record.")
    return automation


async def _start(
    connection: Connection, step: ModifyAutomation, record_ids: Sequence[UUID], situation: Situation, services: Services
) -> Result:
    targets = await targets_of(connection, await active_automations(connection, step.named), record_ids)
    started = await start_children(connection, targets, {}, situation, services)

    async def afterwards() -> None:
        await launch_children(services, started)

    return Result(output={"action": "start", "started": [child.automation for child in started]}, afterwards=afterwards)


async def _under_way(
    connection: Connection, step: ModifyAutomation, automations: Sequence[Any], record_ids: Sequence[UUID], situation: Situation
) -> list[Any]:
    """The open executions of the automations, or of any, on the records; its own only if that is meant too."""
    ids = [automation["id"] for automation in automations] if step.named else None
    async with giving_way(connection):
        rows = await lock_open_of_records(connection, record_ids, ids, MAX_EXECUTIONS + 2)
    found = [row for row in rows if step.include_self or row["id"] != situation.key.execution_id]
    if len(found) > MAX_EXECUTIONS:
        said = f"More than {MAX_EXECUTIONS:,} executions are under way there; one step asks that many at most."
        raise ExpectedFailure("too_many_executions", said)
    return found
