"""Objects: which fields and stages records have."""

from uuid import UUID

from fastapi import APIRouter

from api.access import needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from automations.errors import EverstepError
from automations.fields import ObjectDefinition
from automations.model import Name
from store.database import Connection
from store.objects import StoredObject, list_objects, put_object, read_object

router = APIRouter(prefix="/objects", tags=["objects"])


class ObjectView(ObjectDefinition):
    """A definition as it is kept; each save raises the revision."""

    id: UUID
    revision: int


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
async def save_object(api_name: Name, definition: ObjectDefinition, database: DatabaseDep) -> ObjectView:
    if definition.api_name != api_name:
        raise NameDiffersError(f"The address says {api_name} and the definition {definition.api_name}.")
    async with database.connection() as connection:
        return _view(await put_object(connection, definition))


@router.get("", summary="List the objects", dependencies=[needs(None)])
async def get_objects(database: DatabaseDep, page: PageDep) -> Page[ObjectView]:
    async with database.connection() as connection:
        found = await list_objects(connection, cursor=page.after("objects", str), size=page.size_and_one)
    return page.page("objects", found, _view, lambda stored: stored.definition.api_name)


@router.get("/{api_name}", summary="Read an object", dependencies=[needs(None)])
async def get_object(api_name: Name, database: DatabaseDep) -> ObjectView:
    async with database.connection() as connection:
        return _view(await existing_object(connection, api_name))
