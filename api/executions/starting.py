"""Starting executions by hand and by webhook: checked, written, launched."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.settings import Settings
from activities.starting import Cause, Started, Target, create_execution, launch_and_mark, restarted
from api.errors import RefusedError
from api.problems import NotFoundError
from automations.document import AutomationDocument
from automations.errors import FieldValueError
from automations.field_values import variable_value
from automations.kill_switches import refusing_starts
from store.audit import Actor, Deed, write_audit
from store.automations import read_automation
from store.database import UNAVAILABLE, Connection, Database
from store.executions import read_execution
from store.kill_switches import list_standing_switches
from store.records import read_record

_LOG = structlog.get_logger("everstep.starting")


class TemporalWatch:
    """Knows whether Temporal answers, asking it once a second at most."""

    def __init__(self) -> None:
        self._answered_at = float("-inf")

    async def require(self, client: Client) -> None:
        """Raises RefusedError 503 before anything is written: a start that was refused can safely be sent again."""
        if time.monotonic() - self._answered_at < 1:
            return
        try:
            answers = await client.service_client.check_health(timeout=timedelta(seconds=2))
        except (RPCError, RuntimeError):
            answers = False
        if not answers:
            raise RefusedError(503, "temporal_unavailable", "Temporal cannot be reached; nothing was done. Try again.")
        self._answered_at = time.monotonic()


async def start_by_hand(
    database: Database,
    client: Client,
    settings: Settings,
    api_name: str,
    record_id: UUID | None,
    variables: Mapping[str, Any],
    actor: Actor,
    execution_id: UUID | None = None,
) -> Started:
    """Raises RefusedError 404, 409 for an inactive automation, 422 for a record or a variable that does not fit.

    An `execution_id` that is there already was started by the same request, whose answer was lost: it is not started again.
    """
    async with database.transaction() as connection:
        begun = await read_execution(connection, execution_id) if execution_id else None
        if begun:
            started = restarted(begun)
        else:
            started = await _create(connection, settings, api_name, record_id, variables, actor, execution_id)
    await launch_or_leave(database, client, settings, started)
    return started


async def _create(
    connection: Connection,
    settings: Settings,
    api_name: str,
    record_id: UUID | None,
    variables: Mapping[str, Any],
    actor: Actor,
    execution_id: UUID | None,
) -> Started:
    now = datetime.now(UTC)
    target = await target_by_hand(connection, api_name, record_id)
    overrides = overrides_of(target.document, variables)
    trigger = {"type": "manual", "by": actor.name, "event_at": now.isoformat(), "evaluated_at": now.isoformat()}
    await require_not_killed(connection, api_name, now)
    cause = Cause(trigger=trigger, overrides=overrides)
    started = await create_execution(connection, target, cause, now, settings, execution_id=execution_id)
    await write_audit(connection, actor, _deed(started, api_name, record_id))
    return started


def _deed(started: Started, api_name: str, record_id: UUID | None) -> Deed:
    of = {"automation": api_name, "record_id": str(record_id) if record_id else None}
    return Deed("execution.started", "execution", str(started.id), after=of)


async def target_by_hand(connection: Connection, api_name: str, record_id: UUID | None) -> Target:
    """What a person may start. Raises as `start_by_hand` does."""
    automation = await read_automation(connection, api_name)
    if automation is None:
        raise NotFoundError("automation", api_name)
    require_active(automation)
    document = AutomationDocument.model_validate(automation["document"])
    return Target(automation, document, await record_to_start(connection, automation, record_id))


def require_active(automation: Any) -> None:
    if not automation["active"]:
        raise RefusedError(409, "automation_inactive", f"Automation {automation['api_name']} is not active.")


async def require_not_killed(connection: Connection, api_name: str, now: datetime) -> None:
    found = refusing_starts(await list_standing_switches(connection), api_name, now)
    if found:
        raise RefusedError(409, "killed", f"Automation {api_name} is not started: {found.story}.")


async def record_to_start(connection: Connection, automation: Any, record_id: UUID | None) -> Any | None:
    """None for a global automation. Raises RefusedError 422 for a record that does not fit the automation."""
    if automation["object_id"] is None:
        if record_id is not None:
            raise _wrong("record_id", "global_automation", "The automation is global: it takes no record.")
        return None
    if record_id is None:
        raise _wrong("record_id", "record_required", "The automation works on a record: say record_id.")
    record = await read_record(connection, record_id)
    if record is None or record["object_id"] != automation["object_id"]:
        raise _wrong("record_id", "unknown_record", f"There is no record {record_id} of the automation's object.")
    if record["archived_at"] is not None:
        raise _wrong("record_id", "record_archived", f"Record {record_id} is archived.")
    return record


def overrides_of(document: AutomationDocument, variables: Mapping[str, Any]) -> dict[str, Any]:
    """In canonical form; a blank one leaves the variable to its sources. All that do not fit are named at once."""
    overrides: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for name, raw in variables.items():
        variable = document.variable(name)
        if variable is None:
            errors.append(_error(f"variables.{name}", "unknown_variable", f"The automation has no variable {name}."))
            continue
        try:
            value = variable_value(variable.type, variable.list, raw, name=name)
        except FieldValueError as error:
            errors.append(_error(f"variables.{name}", error.code, error.sentence))
            continue
        if value is not None:
            overrides[name] = value
    if errors:
        raise RefusedError(422, "invalid_start", "The execution cannot start with these variables.", errors)
    return overrides


def _error(path: str, code: str, sentence: str) -> dict[str, Any]:
    return {"path": path, "code": code, "sentence": sentence}


def _wrong(path: str, code: str, sentence: str) -> RefusedError:
    return RefusedError(422, code, sentence, [_error(path, code, sentence)])


async def launch_or_leave(database: Database, client: Client | None, settings: Settings, started: Started) -> None:
    """A workflow that cannot be started now is started by the worker: its row stands."""
    if client is None:
        return
    try:
        async with asyncio.timeout(3):
            await launch_and_mark(database, client, settings, started)
    except (RPCError, RuntimeError, *UNAVAILABLE) as error:
        _LOG.warning("start_postponed", execution_id=str(started.id), why=str(error))
