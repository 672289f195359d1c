"""Files: what the files fields of records name by id."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import Response as PlainResponse
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.access import ActorDep, needs
from api.deps import DatabaseDep, MadeIdDep
from api.errors import RefusedError
from api.middleware.media_types import media_type
from api.problems import NotFoundError
from store import files as stored
from store.audit import Deed, write_audit
from store.files import NewFile
from store.ids import new_id

router = APIRouter(prefix="/files", tags=["files"])
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_UNKNOWN = "application/octet-stream"
_LONGEST_NAME = 255
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            _UNKNOWN: _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}
_CONTENT: dict[int | str, dict[str, Any]] = {200: {"description": "What is in it", "content": {"*/*": _BINARY}}}


class FileView(BaseModel):
    """`size` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int
    created_at: datetime
    created_by: str


def _view(row: Any) -> FileView:
    return FileView.model_validate(dict(row))


@router.post("", status_code=201, summary="Keep a file", openapi_extra=_UPLOAD, dependencies=[needs("records:edit")])
async def upload_file(
    request: Request,
    database: DatabaseDep,
    actor: ActorDep,
    made_id: MadeIdDep,
    name: Annotated[str, Query(max_length=_LONGEST_NAME, description="For a body that is the file alone")] = "file",
) -> FileView:
    """The body is the file, or the part `file` of a form. Its id is what a files field of a record takes."""
    content, called, said = await _read(request, name)
    kind = said if _MEDIA_TYPE.fullmatch(said) else _UNKNOWN
    new = NewFile(made_id or new_id(), _file_name(called), kind, content, actor.name)
    async with database.transaction() as connection:
        row = await stored.insert_file(connection, new, datetime.now(UTC))
        await write_audit(connection, actor, Deed("file.kept", "file", str(new.id), after=_view(row).model_dump(mode="json")))
    return _view(row)


async def _read(request: Request, name: str) -> tuple[bytes, str, str]:
    """Content, name and media type. Raises RefusedError."""
    said = media_type(request.headers.get("content-type"))
    if said != "multipart/form-data":
        return await request.body(), name, said
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            found = form.get("file")
            if isinstance(found, UploadFile):
                return await found.read(), found.filename or name, media_type(found.content_type)
    except HTTPException as error:
        raise RefusedError(400, "invalid_form", "The body is no form that can be read.") from error
    raise RefusedError(422, "missing_file", "The form has no part named file that is a file.")


def _file_name(written: str) -> str:
    """Without folders, and without what is not to be seen."""
    name = "".join(letter if letter.isprintable() else " " for letter in re.split(r"[\\/]", written)[-1])
    return " ".join(name.split())[:_LONGEST_NAME] or "file"


@router.get("/{file_id}", summary="Read what is known of a file", dependencies=[needs("records:view")])
async def get_file(file_id: UUID, database: DatabaseDep) -> FileView:
    async with database.connection() as connection:
        row = await stored.read_file(connection, file_id)
    if row is None:
        raise NotFoundError("file", file_id)
    return _view(row)


@router.get(
    "/{file_id}/content",
    summary="Download a file",
    response_class=PlainResponse,
    responses=_CONTENT,
    dependencies=[needs("records:view")],
)
async def get_file_content(file_id: UUID, database: DatabaseDep) -> Response:
    """As it came, to be saved: browsers are told not to show it."""
    async with database.connection() as connection:
        row = (await stored.read_files(connection, [file_id])).get(file_id)
    if row is None:
        raise NotFoundError("file", file_id)
    disposition = f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}"
    headers = {"Content-Disposition": disposition, "Content-Type": row["media_type"]}
    return Response(row["content"], headers=headers)


@router.delete("/{file_id}", status_code=204, summary="Delete a file", dependencies=[needs("records:edit")])
async def delete_file(file_id: UUID, database: DatabaseDep, actor: ActorDep) -> None:
    """Records that name it keep its id, which then leads to nothing."""
    async with database.transaction() as connection:
        row = await stored.delete_file(connection, file_id)
        if row is None:
            raise NotFoundError("file", file_id)
        await write_audit(
            connection, actor, Deed("file.deleted", "file", str(file_id), before=_view(row).model_dump(mode="json"))
        )
