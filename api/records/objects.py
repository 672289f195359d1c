"""Objects: which fields and stages records have."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.etags import IfMatch, expected_revision, tag
from api.pages import Page
from api.problems import NotFoundError
from automations.errors import EverstepError
from automations.fields import ObjectDefinition
from automations.model import Name
from store.audit import Deed, write_audit
from store.database import Connection
from store.objects import StoredObject, list_objects, lock_object, put_object, read_object

router = APIRouter(prefix="/objects", tags=["objects"])


class ObjectView(ObjectDefinition):
    """A definition as it is kept; each save raises the revision."""

    id: UUID
    revision: int


class ObjectBody(ObjectDefinition):
    """A definition; without an `api_name` it goes by that of the address."""

    api_name: Name = Field(default="", validate_default=False)


class NameDiffersError(EverstepError):
    code = "api_name_differs"


async def existing_object(connection: Connection, api_name: str) -> StoredObject:
    """Raises NotFoundError."""
    stored = await read_object(connection, api_name)
    if stored is None:
        raise NotFoundError("object", api_name)
    return stored


def _view(stored: StoredObject) -> ObjectView:
    return ObjectView(id=stored.id, revision=stored.revision, **dict(stored.definition))


@router.put("/{api_name}", summary="Create an object, or replace its definition", dependencies=[needs("admin")])
async def save_object(
    api_name: Name,
    body: ObjectBody,
    response: Response,
    database: DatabaseDep,
    actor: ActorDep,
    if_match: IfMatch = None,
) -> ObjectView:
    """Refused where a field would get another type while records hold values for it."""
    if body.api_name not in ("", api_name):
        raise NameDiffersError(f"The address says {api_name} and the definition {body.api_name}.")
    definition = ObjectDefinition.model_validate({**dict(body), "api_name": api_name})
    expected = expected_revision(if_match)
    async with database.transaction() as connection:
        before = await lock_object(connection, api_name)
        _refuse_changed(before, expected)
        saved = await put_object(connection, definition)
        was = before.definition.model_dump(mode="json") if before else None
        deed = Deed("object.saved", "object", api_name, was, saved.definition.model_dump(mode="json"))
        await write_audit(connection, actor, deed)
    return _tagged(saved, response)


def _refuse_changed(before: StoredObject | None, expected: int | None) -> None:
    found = before.revision if before else None
    if expected is not None and found != expected:
        said = f"The object is at revision {found}, not {expected}: read it again." if before else "There is no such object yet."
        raise RefusedError(412, "revision_changed", said)


def _tagged(stored: StoredObject, response: Response) -> ObjectView:
    tag(response, stored.revision)
    return _view(stored)


@router.get("", summary="List the objects", dependencies=[needs(None)])
async def get_objects(database: DatabaseDep, page: PageDep) -> Page[ObjectView]:
    async with database.connection() as connection:
        found = await list_objects(connection, cursor=page.after("objects", str), size=page.size_and_one)
    return page.page("objects", found, _view, lambda stored: stored.definition.api_name)


@router.get("/{api_name}", summary="Read an object", dependencies=[needs(None)])
async def get_object(api_name: Name, response: Response, database: DatabaseDep) -> ObjectView:
    async with database.connection() as connection:
        return _tagged(await existing_object(connection, api_name), response)
