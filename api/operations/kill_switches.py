"""Kill switches: hold executions back, or cancel them, until the switch is lifted."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access import ActorDep, CallerDep, missing, needs, require
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.access import Access, Place
from automations.kill_switches import SwitchMode, SwitchScope, canonical_host
from automations.steps import STEP_TYPES
from store import kill_switches as stored
from store.audit import Deed, write_audit
from store.automations import read_automation
from store.database import Connection
from store.places import find_place

_LOG = structlog.get_logger("everstep.kill_switches")
router = APIRouter(prefix="/kill-switches", tags=["kill switches"])

Person = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
"""Blank: whose key it is."""
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_STEP_TYPES = frozenset({*STEP_TYPES, "initialize_variable"})


class SwitchBody(BaseModel):
    """`key` names the automation, step type or host (`*.example.com` with all hosts below it); scope `all` takes none."""

    model_config = ConfigDict(extra="forbid")

    scope: SwitchScope
    key: str = Field(default="", max_length=260)
    mode: SwitchMode
    by: Person = ""
    why: Reason


class LiftBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: Person = ""
    why: Reason


class SwitchView(BaseModel):
    """A switch as it is kept. It stands until `lifted_at`; by `released_at` all that it held had gone on.

    One that a limit tripped names the limit, and concerns only what was created after that moment.
    """

    id: UUID
    scope: SwitchScope
    key: str
    mode: SwitchMode
    set_by: str
    why: str
    set_at: datetime
    tripped_by: str | None
    created_after: datetime | None
    lifted_by: str | None
    lifted_why: str | None
    lifted_at: datetime | None
    released_at: datetime | None


def _view(row: Any) -> SwitchView:
    return SwitchView.model_validate(dict(row))


@router.put(
    "",
    summary="Set a kill switch",
    responses={201: {"model": SwitchView}},
    dependencies=[needs("executions:operate", narrows=True)],
)
async def put_kill_switch(
    body: SwitchBody, response: Response, database: DatabaseDep, caller: CallerDep, actor: ActorDep
) -> SwitchView:
    """Stands at once; one that stands for the same already is replaced. A hold lets executions start, a cancel does not.

    One for more than an automation needs the scope admin.
    """
    now, actor = datetime.now(UTC), actor.speaking_for(body.by)
    async with database.transaction() as connection:
        key = await _key(connection, body)
        await _require_reach(connection, caller.access, body.scope, key)
        row, is_new = await stored.set_kill_switch(
            connection, body.scope, key, mode=body.mode, by=actor.name, why=body.why, now=now
        )
        if row["set_at"] == now:
            await write_audit(
                connection, actor, Deed("kill_switch.set", "kill_switch", str(row["id"]), None, _said(row), body.why)
            )
    _LOG.warning("kill_switch_set", switch=str(row["id"]), by=actor.name, why=body.why, **_said(row))
    response.status_code = 201 if is_new else 200
    return _view(row)


async def _require_reach(connection: Connection, access: Access, scope: SwitchScope, key: str) -> None:
    """Raises RefusedError 403."""
    if scope == "automation":
        place = await find_place(connection, "api_name", key)
        require(access, "executions:operate", place or Place(automation=key))
    elif not access.reach("admin"):
        raise missing("admin")


def _said(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in ("scope", "key", "mode")}


async def _key(connection: Connection, body: SwitchBody) -> str:
    """As it is compared. Raises RefusedError 422 for one that nothing could ever match."""
    key = body.key.strip()
    if body.scope == "all":
        if key:
            raise _wrong("key_not_taken", "A kill switch for everything takes no key.")
        return ""
    if not key:
        raise _wrong("key_needed", f"Say which {body.scope.replace('_', ' ')} the kill switch is for.")
    if body.scope == "automation" and await read_automation(connection, key) is None:
        raise _wrong("unknown_automation", f"There is no automation {key}.")
    if body.scope == "step_type" and key not in _STEP_TYPES:
        raise _wrong("unknown_step_type", f"There is no step type {key}; there are {', '.join(sorted(_STEP_TYPES))}.")
    return _host(key) if body.scope == "host" else key


def _host(key: str) -> str:
    host = canonical_host(key)
    if host is None:
        raise _wrong("invalid_host", f"{key} is no host name or address such as api.example.com or *.example.com, and no more.")
    return host


def _wrong(code: str, sentence: str) -> RefusedError:
    return RefusedError(422, code, sentence, [{"path": "key", "code": code, "sentence": sentence}])


@router.get("", summary="List the kill switches", dependencies=[needs("automations:view")])
async def get_kill_switches(
    database: DatabaseDep,
    page: PageDep,
    standing: Annotated[bool, Query(description="Only those that stand")] = False,
) -> Page[SwitchView]:
    """Newest first, with those that were lifted."""
    async with database.connection() as connection:
        rows = await stored.list_kill_switches(
            connection, standing=standing, cursor=page.after("kill-switches", UUID), size=page.size_and_one
        )
    return page.page("kill-switches", rows, _view, lambda row: str(row["id"]))


@router.post("/{switch_id}/lift", summary="Lift a kill switch", dependencies=[needs("executions:operate", narrows=True)])
async def lift_kill_switch(
    switch_id: UUID, body: LiftBody, database: DatabaseDep, caller: CallerDep, actor: ActorDep
) -> SwitchView:
    """What it held goes on by itself; what it canceled stays so."""
    actor = actor.speaking_for(body.by)
    async with database.transaction() as connection:
        found = await stored.read_kill_switch(connection, switch_id)
        if found is None:
            raise NotFoundError("kill_switch", switch_id)
        await _require_reach(connection, caller.access, found["scope"], found["key"])
        lifted = await stored.lift_kill_switch(connection, switch_id, by=actor.name, why=body.why, now=datetime.now(UTC))
        if lifted is None:
            raise _lifted_before(await stored.read_kill_switch(connection, switch_id))
        deed = Deed("kill_switch.lifted", "kill_switch", str(switch_id), before=_said(lifted), why=body.why)
        await write_audit(connection, actor, deed)
    _LOG.warning("kill_switch_lifted", switch=str(switch_id), by=actor.name, why=body.why, **_said(lifted))
    return _view(lifted)


def _lifted_before(row: Any) -> RefusedError:
    said = f"It was lifted by {row['lifted_by']} at {row['lifted_at']:%Y-%m-%d %H:%M:%S %Z}: {row['lifted_why']}."
    return RefusedError(409, "already_lifted", said)
