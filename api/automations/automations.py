"""Automations: save, read, list, activate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from api.access import ActorDep, CallerDep, needs, require
from api.automations.affected import pause_affected
from api.automations.saving import Draft, Saved, read_draft, save
from api.deps import ConnectionsDep, DatabaseDep, PageDep, SettingsDep
from api.etags import IfMatch, expected_revision, tag
from api.executions.telling import tell
from api.pages import Page
from api.problems import NotFoundError
from automations.access import Place
from automations.document import AutomationDocument, document_schema
from automations.evaluation import broken_key
from automations.kill_switches import KillSwitch, holding_starts
from automations.problems import Problem, at
from store import automations as stored_automations
from store.audit import Actor, Deed, write_audit
from store.automations import Listing, ListKey, Sort, read_automation, set_active
from store.kill_switches import list_standing_switches
from store.places import reached_automations

router = APIRouter(tags=["automations"])


class AutomationView(BaseModel):
    """An automation at its newest revision.

    `warnings` and `hints` come with a save; later `warnings` say which triggers went wrong since then, and, of the automation
    itself (`held`), that a kill switch holds what it starts. `paused` and
    `already_paused` come with a save that asks the executions it affects to pause. `unchanged`: it said what the revision
    before says, and made no other.
    """

    id: UUID
    api_name: str
    name: str
    object: str | None
    active: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    document: dict[str, Any]
    warnings: list[Problem] = []
    hints: list[Problem] = []
    unchanged: bool = False
    paused: list[UUID] = []
    already_paused: list[UUID] = []


def automation_view(row: Any) -> AutomationView:
    # Postgres keeps the keys of an object in an order of its own; people read them in the model's.
    document = AutomationDocument.model_validate(row["document"])
    return AutomationView(
        id=row["id"], api_name=row["api_name"], name=document.name, object=document.object, active=row["active"],
        revision=row["revision"], created_at=row["created_at"], updated_at=row["updated_at"], document=document.as_json(),
        warnings=list(_broken_triggers(row["warnings"], document)),
    )  # fmt: skip


def _broken_triggers(warnings: Mapping[str, Any], document: AutomationDocument) -> Iterator[Problem]:
    """Told by trigger id."""
    for index, trigger in enumerate(document.triggers):
        if told := warnings.get(trigger.id):
            key = broken_key(told["sentence"])
            path = at(f"triggers[{index}]", key) if key else f"triggers[{index}]"
            yield Problem(path=path, code=told["code"], sentence=told["sentence"], severity="warning")


DOCUMENT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": document_schema()},
            "application/yaml": {"schema": {"type": "string", "description": "The same document as YAML 1.2."}},
        },
    }
}


class PauseOnSave:
    """Whether a save asks executions to pause; who asks, and why, is kept in their histories."""

    def __init__(
        self,
        pause_affected: Annotated[bool, Query(description="Pause executions that may still come to what changes")] = False,
        by: Annotated[str, Query(max_length=200)] = "",
        why: Annotated[str, Query(max_length=500)] = "",
    ) -> None:
        self.wanted = pause_affected
        self.by = by
        self.why = why or "a step that it may come to is changed by a save"


@router.put(
    "/automations/{api_name}",
    summary="Save an automation",
    openapi_extra=DOCUMENT_BODY,
    responses={201: {"description": "Created", "model": AutomationView}},
    dependencies=[needs("automations:edit")],
)
async def put_automation(
    api_name: str,
    request: Request,
    response: Response,
    database: DatabaseDep,
    connections: ConnectionsDep,
    settings: SettingsDep,
    pause: Annotated[PauseOnSave, Depends()],
    caller: CallerDep,
    actor: ActorDep,
    if_match: IfMatch = None,
    last_revision: Annotated[int | None, Query(ge=1)] = None,
) -> AutomationView:
    """Creates it or replaces the whole document. All mistakes are answered at once.

    If-Match or last_revision guard against a lost update. With pause_affected no execution that the save affects begins another
    step: each is asked to pause in the moment in which the document changes.
    """
    expected = expected_revision(if_match, last_revision)
    actor = actor.speaking_for(pause.by)
    async with database.transaction() as connection:
        draft = await read_draft(connection, await request.body(), api_name)
        require(caller.access, "automations:edit", Place(draft.document.object, api_name))
        saved = await save(connection, draft, expected)
        if not saved.unchanged:
            await write_audit(connection, actor, _saving(saved))
        asked = await pause_affected(connection, saved, actor=actor, why=pause.why) if pause.wanted else None
    view = _saved_view(saved, draft)
    if asked:
        await tell(connections, settings, asked.rows)
        view = view.model_copy(update={"paused": [row["id"] for row in asked.rows], "already_paused": asked.already})
    tag(response, view.revision)
    response.status_code = 200 if saved.before else 201
    return view


def _saved_view(saved: Saved, draft: Draft) -> AutomationView:
    view = automation_view(saved.row)
    warnings = [*draft.warnings, *saved.warnings, *view.warnings]
    return view.model_copy(update={"warnings": warnings, "hints": draft.hints, "unchanged": saved.unchanged})


def _saving(saved: Saved) -> Deed:
    before = saved.before.as_json() if saved.before else None
    return Deed("automation.saved", "automation", saved.row["api_name"], before, saved.row["document"])


@router.get("/schemas/automation", summary="The JSON Schema of a document", dependencies=[needs(None)])
async def get_automation_schema() -> dict[str, Any]:
    """For editors and for checks before a save."""
    return document_schema()


class ListQuery:
    """What a list of automations is asked for."""

    def __init__(
        self,
        object: Annotated[str | None, Query(max_length=63, description="Of this object")] = None,
        active: bool | None = None,
        name: Annotated[str | None, Query(max_length=200, description="A part of the name, whatever its case")] = None,
        webhook: Annotated[bool | None, Query(description="With a webhook, or without one")] = None,
        sort: Sort = "api_name",
    ) -> None:
        self.listing = Listing(object=object, active=active, name=name, webhook=webhook, sort=sort)

    @property
    def list_name(self) -> str:
        """Cursors of one order are none of another."""
        return f"automations by {self.listing.sort}"


@router.get("/automations", summary="List automations", dependencies=[needs("automations:view", narrows=True)])
async def list_automations(
    database: DatabaseDep, page: PageDep, caller: CallerDep, asked: Annotated[ListQuery, Depends()]
) -> Page[AutomationView]:
    """By api_name, by name, or the last changed first."""
    listing = replace(asked.listing, after=page.after(asked.list_name, _list_key))
    async with database.connection() as connection:
        reached = await reached_automations(connection, caller.access.reach("automations:view"))
        rows = await stored_automations.list_automations(connection, listing, reached=reached, size=page.size_and_one)
    return page.page(asked.list_name, rows, automation_view, _written_key)


def _list_key(text: str) -> ListKey:
    api_name, name, updated_at = from_json(text)
    return ListKey(str(api_name), str(name), datetime.fromisoformat(updated_at).astimezone(UTC))


def _written_key(row: Any) -> str:
    return to_json([row["api_name"], row["sorted_name"], row["updated_at"].isoformat()]).decode()


@router.get("/automations/{api_name}", summary="Read an automation", dependencies=[needs("automations:view")])
async def get_automation(api_name: str, response: Response, database: DatabaseDep) -> AutomationView:
    async with database.connection() as connection:
        row = await read_automation(connection, api_name)
        switches = await list_standing_switches(connection)
    if row is None:
        raise NotFoundError("automation", api_name)
    tag(response, row["revision"])
    view = automation_view(row)
    return view.model_copy(update={"warnings": [*_held(api_name, switches), *view.warnings]})


def _held(api_name: str, switches: Sequence[KillSwitch]) -> Iterator[Problem]:
    """What starts and does not run is the first thing to know of it."""
    if held := holding_starts(switches, api_name, datetime.now(UTC)):
        sentence = f"What starts is held by {held.story}. Lift it (POST /kill-switches/{held.id}/lift) to let it go on."
        yield Problem(path="", code="held", sentence=sentence, severity="warning")


@router.post("/automations/{api_name}/activate", summary="Begin to listen", dependencies=[needs("automations:edit")])
async def activate_automation(api_name: str, database: DatabaseDep, actor: ActorDep) -> AutomationView:
    """Its triggers listen from now on; nothing that happened before is handled."""
    return await _switched(database, api_name, True, actor)


@router.post("/automations/{api_name}/deactivate", summary="Stop listening", dependencies=[needs("automations:edit")])
async def deactivate_automation(api_name: str, database: DatabaseDep, actor: ActorDep) -> AutomationView:
    """Its triggers stop at once; open executions go on."""
    return await _switched(database, api_name, False, actor)


async def _switched(database: DatabaseDep, api_name: str, active: bool, actor: Actor) -> AutomationView:
    async with database.transaction() as connection:
        changed = await set_active(connection, api_name, active)
        if changed:
            action = "automation.activated" if active else "automation.deactivated"
            deed = Deed(action, "automation", api_name, before={"active": not active}, after={"active": active})
            await write_audit(connection, actor, deed)
        row = changed or await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    return automation_view(row)
