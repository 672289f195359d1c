"""Automations: save, read, list, activate."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from api.access import needs
from api.affected import pause_affected
from api.deps import ConnectionsDep, DatabaseDep, PageDep, SettingsDep
from api.pages import Page
from api.problems import NotFoundError
from api.saving import expected_revision, read_draft, save
from api.telling import tell
from automations.document import AutomationDocument, document_schema
from automations.evaluation import broken_key
from automations.problems import Problem, at
from store import automations as stored_automations
from store.automations import read_automation, set_active

router = APIRouter(tags=["automations"])


class AutomationView(BaseModel):
    """An automation at its newest revision.

    `warnings` come with a save, and later say which triggers went wrong since then; `paused` and `already_paused` come with
    a save that asks the executions it affects to pause.
    """

    id: UUID
    api_name: str
    name: str
    object: str | None
    active: bool
    revision: int
    document: dict[str, Any]
    warnings: list[Problem] = []
    paused: list[UUID] = []
    already_paused: list[UUID] = []


def _view(row: Any) -> AutomationView:
    # Postgres keeps the keys of an object in an order of its own; people read them in the model's.
    document = AutomationDocument.model_validate(row["document"])
    return AutomationView(
        id=row["id"], api_name=row["api_name"], name=document.name, object=document.object, active=row["active"],
        revision=row["revision"], document=document.as_json(), warnings=list(_broken_triggers(row["warnings"], document)),
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
    "/automations/{api_name}", summary="Save an automation", openapi_extra=DOCUMENT_BODY, dependencies=[needs("automations:edit")]
)
async def put_automation(
    api_name: str,
    request: Request,
    response: Response,
    database: DatabaseDep,
    connections: ConnectionsDep,
    settings: SettingsDep,
    pause: Annotated[PauseOnSave, Depends()],
    if_match: Annotated[str | None, Header()] = None,
    last_revision: Annotated[int | None, Query(ge=1)] = None,
) -> AutomationView:
    """Creates it or replaces the whole document. All mistakes are answered at once.

    If-Match or last_revision guard against a lost update. With pause_affected no execution that the save affects begins another
    step: each is asked to pause in the moment in which the document changes.
    """
    expected = expected_revision(if_match, last_revision)
    async with database.transaction() as connection:
        draft = await read_draft(connection, await request.body(), api_name)
        saved = await save(connection, draft, expected)
        asked = await pause_affected(connection, saved, by=pause.by, why=pause.why) if pause.wanted else None
    view = _view(saved.row).model_copy(update={"warnings": [*draft.warnings, *saved.warnings]})
    if asked:
        await tell(connections, settings, asked.rows)
        view = view.model_copy(update={"paused": [row["id"] for row in asked.rows], "already_paused": asked.already})
    response.headers["ETag"] = f'"{view.revision}"'
    response.status_code = 201 if view.revision == 1 else 200
    return view


@router.get("/schemas/automation", summary="The JSON Schema of a document", dependencies=[needs(None)])
async def get_automation_schema() -> dict[str, Any]:
    """For editors and for checks before a save."""
    return document_schema()


@router.get("/automations", summary="List automations", dependencies=[needs("automations:view", narrows=True)])
async def list_automations(database: DatabaseDep, page: PageDep) -> Page[AutomationView]:
    """By api_name."""
    async with database.connection() as connection:
        cursor = page.after("automations", str)
        rows = await stored_automations.list_automations(connection, cursor=cursor, size=page.size_and_one)
    return page.page("automations", rows, _view, lambda row: row["api_name"])


@router.get("/automations/{api_name}", summary="Read an automation", dependencies=[needs("automations:view")])
async def get_automation(api_name: str, response: Response, database: DatabaseDep) -> AutomationView:
    async with database.connection() as connection:
        row = await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    response.headers["ETag"] = f'"{row["revision"]}"'
    return _view(row)


@router.post("/automations/{api_name}/activate", summary="Begin to listen", dependencies=[needs("automations:edit")])
async def activate_automation(api_name: str, database: DatabaseDep) -> AutomationView:
    """Its triggers listen from now on; nothing that happened before is handled."""
    return await _switched(database, api_name, True)


@router.post("/automations/{api_name}/deactivate", summary="Stop listening", dependencies=[needs("automations:edit")])
async def deactivate_automation(api_name: str, database: DatabaseDep) -> AutomationView:
    """Its triggers stop at once; open executions go on."""
    return await _switched(database, api_name, False)


async def _switched(database: DatabaseDep, api_name: str, active: bool) -> AutomationView:
    async with database.transaction() as connection:
        row = await set_active(connection, api_name, active) or await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    return _view(row)
