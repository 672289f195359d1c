"""Secrets that steps use: set and deleted here, and never told again."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from activities.encryption import needed
from activities.secrets import place_of
from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep, SettingsDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.document import AutomationDocument
from automations.model import Name
from automations.secrets import MAX_BYTES, MIN_LENGTH, named_secrets
from store import secrets as stored
from store.audit import Deed, write_audit
from store.database import Connection

router = APIRouter(prefix="/secrets", tags=["secrets"])
SecretName = Annotated[Name, Path(description="As templates name it: {{ secrets.name }}")]


class SecretValue(BaseModel):
    """At least 4 characters beside the blanks around them, 64 KiB at most."""

    model_config = ConfigDict(extra="forbid")

    value: SecretStr

    @field_validator("value")
    @classmethod
    def _fits(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if len(text.strip()) < MIN_LENGTH:
            raise ValueError(f"A secret has {MIN_LENGTH} characters or more: a shorter one could not be told from other text")
        if "\x00" in text:
            raise ValueError("A secret holds no character NUL")
        if len(text.encode(errors="replace")) > MAX_BYTES:
            raise ValueError(f"A secret has {MAX_BYTES:,} bytes at most")
        return value


class StoredSecretView(BaseModel):
    """What is known of a secret; its value is not told."""

    name: str
    created_at: datetime
    updated_at: datetime
    updated_by: str


@router.put(
    "/{name}",
    summary="Set a secret",
    responses={201: {"description": "Created", "model": StoredSecretView}},
    dependencies=[needs("admin")],
)
async def put_secret(
    name: SecretName, body: SecretValue, response: Response, database: DatabaseDep, settings: SettingsDep, actor: ActorDep
) -> StoredSecretView:
    """Steps that run from now on use this value. 409 where there is no encryption key."""
    sealed = needed(settings.keyring).seal(body.value.get_secret_value().encode(), place_of(name))
    async with database.transaction() as connection:
        row = await stored.put_secret(connection, name, sealed, by=actor.name, now=datetime.now(UTC))
        await write_audit(connection, actor, Deed("secret.saved", "secret", name))
    response.status_code = 201 if row["is_new"] else 200
    return _view(row)


@router.get("", summary="List the secrets", dependencies=[needs("automations:edit", narrows=True)])
async def list_secrets(database: DatabaseDep, page: PageDep) -> Page[StoredSecretView]:
    """By name, for whoever may edit an automation that uses them."""
    async with database.connection() as connection:
        rows = await stored.list_secrets(connection, cursor=page.after("secrets", str), size=page.size_and_one)
    return page.page("secrets", rows, _view, lambda row: row["name"])


@router.delete("/{name}", status_code=204, summary="Delete a secret", dependencies=[needs("admin")])
async def delete_secret(
    name: SecretName,
    database: DatabaseDep,
    actor: ActorDep,
    force: Annotated[bool, Query(description="Also while automations use it")] = False,
) -> None:
    """409 while automations use it, unless forced: their steps fail then, as expected failures."""
    async with database.transaction() as connection:
        users = await _users(connection, name)
        if users and not force:
            said = f"The secret {name} is used by {', '.join(users)}. With force=true it is deleted all the same."
            raise RefusedError(409, "secret_in_use", said, [_use(api_name, name) for api_name in users])
        if not await stored.delete_secret(connection, name):
            raise NotFoundError("secret", name)
        await write_audit(connection, actor, Deed("secret.deleted", "secret", name, before={"used_by": users}))


async def _users(connection: Connection, name: str) -> list[str]:
    """The automations whose newest document names it."""
    rows = await stored.documents_with_secrets(connection)
    return [row["api_name"] for row in rows if name in named_secrets(AutomationDocument.model_validate(row["document"]))]


def _use(api_name: str, name: str) -> dict[str, Any]:
    return {"path": f"automations/{api_name}", "code": "secret_in_use", "sentence": f"It names secrets.{name}."}


def _view(row: Any) -> StoredSecretView:
    return StoredSecretView.model_validate({key: row[key] for key in StoredSecretView.model_fields})
