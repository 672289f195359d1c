"""The secrets that callers of a webhook sign with, and their rotation."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from activities.encryption import needed
from activities.secrets import sealed_webhook_secret
from api.access import ActorDep, needs
from api.deps import DatabaseDep, SettingsDep
from api.errors import RefusedError
from api.problems import NotFoundError
from api.webhooks.hooks import find_hooks
from store import webhook_secrets as stored
from store.audit import Deed, write_audit
from store.automations import lock_automation
from store.database import Connection

router = APIRouter(prefix="/automations/{api_name}/webhooks/{name}/secrets", tags=["webhooks"])
_LOG = structlog.get_logger("everstep.webhooks")


class NewSecret(BaseModel):
    """For how long the secret before it is still taken."""

    model_config = ConfigDict(extra="forbid")

    grace_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 24


class SecretView(BaseModel):
    """`hint` is the end of it. Null `retires_at`: until another one takes its place."""

    id: UUID
    hint: str
    created_at: datetime
    retires_at: datetime | None


class MadeSecretView(SecretView):
    """The secret itself is told this once."""

    secret: str


@router.post("", status_code=201, summary="Make a secret", dependencies=[needs("automations:edit")])
async def make_webhook_secret(
    api_name: str,
    name: str,
    database: DatabaseDep,
    settings: SettingsDep,
    actor: ActorDep,
    response: Response,
    body: NewSecret | None = None,
) -> MadeSecretView:
    """The one before it retires after the grace time; of more than two the oldest retires at once."""
    keyring = needed(settings.keyring)
    secret, grace = f"whsec_{secrets.token_urlsafe(32)}", timedelta(hours=(body or NewSecret()).grace_hours)
    async with database.transaction() as connection:
        await lock_automation(connection, api_name)
        automation_id = await _signed_by(connection, api_name, name)
        now = datetime.now(UTC)
        row = await stored.insert_webhook_secret(
            connection, automation_id, name, sealed_webhook_secret(secret, keyring), grace=grace, now=now
        )
        await write_audit(connection, actor, _deed("made", api_name, name, row["id"]))
    _LOG.info("webhook_secret_made", automation=api_name, webhook=name, secret_id=str(row["id"]))
    response.headers["Cache-Control"] = "no-store"
    return MadeSecretView.model_validate({**_told(row), "secret": secret})


@router.get("", summary="List the secrets", dependencies=[needs("automations:view")])
async def get_webhook_secrets(api_name: str, name: str, database: DatabaseDep) -> list[SecretView]:
    """Those that calls may be signed with now, newest first: two at most."""
    async with database.connection() as connection:
        automation_id = await _automation_id(connection, api_name, name)
        rows = await stored.list_live_secrets(connection, automation_id, name, datetime.now(UTC))
    return [SecretView.model_validate(_told(row)) for row in rows]


@router.delete("/{secret_id}", status_code=204, summary="Retire a secret at once", dependencies=[needs("automations:edit")])
async def delete_webhook_secret(api_name: str, name: str, secret_id: UUID, database: DatabaseDep, actor: ActorDep) -> None:
    async with database.transaction() as connection:
        automation_id = await _automation_id(connection, api_name, name)
        found = await stored.delete_webhook_secret(connection, automation_id, name, secret_id)
        if not found:
            raise NotFoundError("secret", secret_id)
        await write_audit(connection, actor, _deed("deleted", api_name, name, secret_id))
    _LOG.info("webhook_secret_deleted", automation=api_name, webhook=name, secret_id=str(secret_id))


def _deed(done: str, api_name: str, name: str, secret_id: UUID) -> Deed:
    return Deed(f"webhook_secret.{done}", "webhook_secret", f"{api_name}/{name}", after={"id": str(secret_id)})


async def _signed_by(connection: Connection, api_name: str, name: str) -> UUID:
    """The automation's id. Raises RefusedError 409 unless calls of the webhook are to be signed."""
    hooks = await find_hooks(connection, api_name, name)
    if not any(hook.trigger.auth == "signature" for hook in hooks):
        sentence = f"Calls of the webhook {name} are not signed: save it with auth: signature first."
        raise RefusedError(409, "not_signed", sentence)
    return hooks[0].automation["id"]


async def _automation_id(connection: Connection, api_name: str, name: str) -> UUID:
    return (await find_hooks(connection, api_name, name))[0].automation["id"]


def _told(row: Any) -> dict[str, Any]:
    return {key: row[key] for key in ("id", "hint", "created_at", "retires_at")}
