"""Automations: save, read, list, activate."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.document import AutomationDocument, document_schema
from automations.fields import ObjectDefinition
from automations.identity import with_kept_ids
from automations.parsing import parse_document
from automations.problems import Problem
from automations.reading import DocumentSyntaxError, read_yaml
from automations.shape import given_ids
from store import automations as stored_automations
from store.automations import (
    create_automation,
    list_existing_automations,
    lock_automation,
    read_automation,
    replace_automation,
    set_active,
)
from store.database import Connection
from store.objects import list_objects, read_object

router = APIRouter(tags=["automations"])


class AutomationView(BaseModel):
    """An automation at its newest revision. `warnings` come with a save."""

    id: UUID
    api_name: str
    name: str
    object: str | None
    active: bool
    revision: int
    document: dict[str, Any]
    warnings: list[Problem] = []


def _view(row: Any, warnings: list[Problem] | None = None) -> AutomationView:
    # Postgres keeps the keys of an object in an order of its own; people read them in the model's.
    document = AutomationDocument.model_validate(row["document"])
    return AutomationView(
        id=row["id"], api_name=row["api_name"], name=document.name, object=document.object, active=row["active"],
        revision=row["revision"], document=document.as_json(), warnings=warnings or [],
    )  # fmt: skip


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": document_schema()},
            "application/yaml": {"schema": {"type": "string", "description": "The same document as YAML 1.2."}},
        },
    }
}


@router.put("/automations/{api_name}", summary="Save an automation", openapi_extra=_BODY)
async def put_automation(
    api_name: str,
    request: Request,
    response: Response,
    database: DatabaseDep,
    if_match: Annotated[str | None, Header()] = None,
    last_revision: Annotated[int | None, Query(ge=1)] = None,
) -> AutomationView:
    """Creates it or replaces the whole document. All mistakes are answered at once.

    If-Match or last_revision guard against a lost update.
    """
    raw = _body(await request.body())
    expected = _expected_revision(if_match, last_revision)
    async with database.transaction() as connection:
        document, warnings = await _checked(connection, raw, api_name)
        row = await _saved(connection, document, expected, frozenset(given_ids(raw)))
    response.headers["ETag"] = f'"{row["revision"]}"'
    response.status_code = 201 if row["revision"] == 1 else 200
    return _view(row, warnings)


def _body(body: bytes) -> Any:
    try:
        return read_yaml(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RefusedError(400, "invalid_text", "The document is not UTF-8.") from error
    except DocumentSyntaxError as error:
        raise RefusedError(400, error.code, error.sentence) from error


def _expected_revision(if_match: str | None, last_revision: int | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return last_revision
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise RefusedError(400, "invalid_etag", "If-Match takes the ETag of an automation: its revision in quotes.")
    return int(text)


async def _checked(connection: Connection, raw: Any, api_name: str) -> tuple[AutomationDocument, list[Problem]]:
    parsed = parse_document(raw, await _all_objects(connection))
    problems = list(parsed.problems)
    document = parsed.document
    if document and document.api_name != api_name:
        problems.append(Problem(path="api_name", code="other_api_name", sentence=f"The address says {api_name}."))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or document is None:
        shown = [{"path": error.path, "code": error.code, "sentence": error.sentence} for error in errors]
        raise RefusedError(422, "invalid_document", f"The document has {len(errors)} mistake{'s' * (len(errors) != 1)}.", shown)
    return document, [*problems, *await _missing_targets(connection, document)]


async def _all_objects(connection: Connection) -> dict[str, ObjectDefinition]:
    objects: dict[str, ObjectDefinition] = {}
    cursor: str | None = None
    while page := await list_objects(connection, cursor=cursor, size=200):
        objects.update({stored.definition.api_name: stored.definition for stored in page})
        cursor = page[-1].definition.api_name
    return objects


async def _missing_targets(connection: Connection, document: AutomationDocument) -> list[Problem]:
    """An automation that is started and not there yet is no mistake: the two may be saved in any order."""
    wanted = document.started_automations()
    there = {*await list_existing_automations(connection, sorted(set(wanted.values()))), document.api_name}
    return [
        Problem(path=path, code="unknown_automation", sentence=f"There is no automation {name} yet.", severity="warning")
        for path, name in wanted.items()
        if name not in there
    ]


async def _saved(connection: Connection, document: AutomationDocument, expected: int | None, given: frozenset[str]) -> Any:
    stored = await read_object(connection, document.object) if document.object else None
    object_id = stored.id if stored else None
    row = await lock_automation(connection, document.api_name)
    if row is None and expected is None and await create_automation(connection, document, object_id):
        return await read_automation(connection, document.api_name)
    row = row or await lock_automation(connection, document.api_name)
    if row is not None and "active" not in document.model_fields_set:
        # What a document does not say about listening stays as it is.
        document = document.model_copy(update={"active": row["active"]})
    found = row["revision"] if row else None
    if row is None or (expected is not None and found != expected):
        said = f"The automation is at revision {found}, not {expected}: read it again."
        said = said if row else "There is no such automation yet."
        raise RefusedError(412, "revision_changed", said)
    if row["object_id"] != object_id:
        raise RefusedError(409, "object_changed", "An automation stays with its object: save this one under another api_name.")
    document = with_kept_ids(document, AutomationDocument.model_validate(row["document"]), given)
    await replace_automation(connection, row["id"], row["revision"], document, object_id)
    return await read_automation(connection, document.api_name)


@router.get("/schemas/automation", summary="The JSON Schema of a document")
async def get_automation_schema() -> dict[str, Any]:
    """For editors and for checks before a save."""
    return document_schema()


@router.get("/automations", summary="List automations")
async def list_automations(database: DatabaseDep, page: PageDep) -> Page[AutomationView]:
    """By api_name."""
    async with database.connection() as connection:
        cursor = page.after("automations", str)
        rows = await stored_automations.list_automations(connection, cursor=cursor, size=page.size_and_one)
    return page.page("automations", rows, _view, lambda row: row["api_name"])


@router.get("/automations/{api_name}", summary="Read an automation")
async def get_automation(api_name: str, response: Response, database: DatabaseDep) -> AutomationView:
    async with database.connection() as connection:
        row = await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    response.headers["ETag"] = f'"{row["revision"]}"'
    return _view(row)


@router.post("/automations/{api_name}/activate", summary="Begin to listen")
async def activate_automation(api_name: str, database: DatabaseDep) -> AutomationView:
    """Its triggers listen from now on; nothing that happened before is handled."""
    return await _switched(database, api_name, True)


@router.post("/automations/{api_name}/deactivate", summary="Stop listening")
async def deactivate_automation(api_name: str, database: DatabaseDep) -> AutomationView:
    """Its triggers stop at once; open executions go on."""
    return await _switched(database, api_name, False)


async def _switched(database: DatabaseDep, api_name: str, active: bool) -> AutomationView:
    async with database.transaction() as connection:
        row = await set_active(connection, api_name, active) or await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    return _view(row)
