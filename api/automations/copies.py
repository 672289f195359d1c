"""Automations as files and as copies, and what a save would say of them."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic_core import to_json

from api.access import ActorDep, CallerDep, needs, require
from api.automations.automations import DOCUMENT_BODY, AutomationView, automation_view
from api.automations.saving import Checked, Draft, Saved, check, draft_of, read_draft, save
from api.deps import DatabaseDep
from api.errors import RefusedError
from api.etags import tag
from api.problems import NotFoundError
from automations.access import Place
from automations.document import AutomationDocument
from automations.model import ApiName
from automations.problems import Problem
from automations.writing import write_yaml
from store.audit import Deed, write_audit
from store.automations import read_automation
from store.database import Connection, Database

router = APIRouter(tags=["automations"])

YAML, JSON = "application/yaml", "application/json"
_NAME_LIMIT = 200


class DuplicateBody(BaseModel):
    """Without a `name`: that of the automation, and that it is a copy."""

    model_config = ConfigDict(extra="forbid")

    api_name: ApiName
    name: Annotated[str, StringConstraints(min_length=1, max_length=_NAME_LIMIT)] | None = None


class ValidationView(BaseModel):
    """`problems` would refuse a save; `warnings` would come with it, `hints` say what may be meant otherwise."""

    valid: bool
    problems: list[Problem] = []
    warnings: list[Problem] = []
    hints: list[Problem] = []


@router.post(
    "/automations/{api_name}/duplicate",
    status_code=201,
    summary="Duplicate an automation",
    dependencies=[needs("automations:view")],
)
async def duplicate_automation(
    api_name: str, body: DuplicateBody, response: Response, database: DatabaseDep, caller: CallerDep, actor: ActorDep
) -> AutomationView:
    """The same document under another name, not active. Secrets of webhooks are not copied."""
    async with database.transaction() as connection:
        source = await _existing(connection, api_name)
        require(caller.access, "automations:edit", Place(source["document"].get("object"), body.api_name))
        draft = await read_draft(connection, to_json(_copy(source, body)), body.api_name)
        saved = await _created(connection, draft)
        deed = Deed("automation.saved", "automation", body.api_name, None, saved.row["document"], f"duplicate of {api_name}")
        await write_audit(connection, actor, deed)
    view = automation_view(saved.row)
    tag(response, view.revision)
    return view.model_copy(update={"warnings": [*draft.warnings, *saved.warnings], "hints": draft.hints})


async def _existing(connection: Connection, api_name: str) -> Any:
    row = await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    return row


def _copy(source: Any, body: DuplicateBody) -> dict[str, Any]:
    document = _document(source)
    name = body.name or f"{document['name'][: _NAME_LIMIT - 7]} (copy)"
    return {**document, "api_name": body.api_name, "name": name, "active": False}


def _document(row: Any) -> dict[str, Any]:
    """Its keys in the order of the model: Postgres has one of its own."""
    return AutomationDocument.model_validate(row["document"]).as_json()


async def _created(connection: Connection, draft: Draft) -> Saved:
    """Raises RefusedError 409 where there is one of that name, also one that is made in this moment."""
    api_name = draft.document.api_name
    if await read_automation(connection, api_name) is None:
        saved = await save(connection, draft, None)
        if saved.before is None:
            return saved
    raise RefusedError(409, "automation_exists", f"There is an automation {api_name} already.")


@router.get(
    "/automations/{api_name}/export",
    summary="Export an automation as a file",
    response_class=Response,
    responses={
        200: {"content": {YAML: {"schema": {"description": "The document as YAML 1.2"}}, JSON: {"schema": {"type": "object"}}}}
    },
    dependencies=[needs("automations:view")],
)
async def export_automation(
    api_name: str, database: DatabaseDep, accept: Annotated[str, Header(max_length=1000)] = ""
) -> Response:
    """The document as `PUT` takes it back: YAML, or JSON for those who accept that and no YAML."""
    async with database.connection() as connection:
        row = await _existing(connection, api_name)
    as_json = JSON in accept and "yaml" not in accept
    text = to_json(_document(row), indent=2).decode() + "\n" if as_json else write_yaml(_document(row))
    headers = {
        "ETag": f'"{row["revision"]}"',
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{row["api_name"]}.{"json" if as_json else "yaml"}"',
    }
    return Response(text, media_type=JSON if as_json else YAML, headers=headers)


@router.post(
    "/automations/{api_name}/validate",
    summary="Ask what a save would say",
    openapi_extra=DOCUMENT_BODY,
    dependencies=[needs("automations:view")],
)
async def validate_automation(api_name: str, request: Request, database: DatabaseDep) -> ValidationView:
    """All mistakes and warnings of a save under this name. Nothing is changed."""
    return await _validated(database, await request.body(), api_name)


@router.post(
    "/automations/validate",
    summary="Ask what a save would say of a document",
    openapi_extra=DOCUMENT_BODY,
    dependencies=[needs("automations:view", narrows=True)],
)
async def validate_document(request: Request, database: DatabaseDep) -> ValidationView:
    """As under the name that the document gives itself. Nothing is changed."""
    return await _validated(database, await request.body(), None)


async def _validated(database: Database, body: bytes, api_name: str | None) -> ValidationView:
    """Saves it in a transaction that is rolled back: so it says what a save says, whatever a save comes to say."""
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            checked = await check(connection, body, api_name)
            warnings = await _warnings_of_save(connection, checked) if not checked.errors else []
        except RefusedError as refused:
            path = "object" if refused.code == "object_changed" else ""
            return ValidationView(valid=False, problems=[Problem(path=path, code=refused.code, sentence=refused.sentence)])
        finally:
            await transaction.rollback()
    return _view(checked, warnings)


async def _warnings_of_save(connection: Connection, checked: Checked) -> Sequence[Problem]:
    return (await save(connection, draft_of(checked), None)).warnings


def _view(checked: Checked, warnings: Sequence[Problem]) -> ValidationView:
    return ValidationView(
        valid=not checked.errors, problems=checked.errors, warnings=[*checked.of("warning"), *warnings], hints=checked.of("hint")
    )
