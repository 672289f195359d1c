"""The addresses that other systems call to start an automation."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.connections import UnavailableError
from api.deps import ConnectionsDep, DatabaseDep, SettingsDep
from api.payloads import payload_of
from api.starting import start_by_webhook

router = APIRouter(tags=["webhooks"])


class WebhookView(BaseModel):
    """`execution_id` is null where the call was taken and started nothing; the reason is kept."""

    execution_id: UUID | None
    automation_id: UUID


_ANY_BODY = {"requestBody": {"required": False, "content": {"*/*": {"schema": {}}}}}


@router.get("/webhooks/{api_name}/{name}", summary="Call a webhook by GET")
async def call_webhook_by_get(
    api_name: str, name: str, request: Request, database: DatabaseDep, connections: ConnectionsDep, settings: SettingsDep
) -> WebhookView:
    """The query parameters are the payload."""
    return await _called(api_name, name, request, database, connections, settings)


@router.post("/webhooks/{api_name}/{name}", summary="Call a webhook by POST", openapi_extra=_ANY_BODY)
async def call_webhook(
    api_name: str, name: str, request: Request, database: DatabaseDep, connections: ConnectionsDep, settings: SettingsDep
) -> WebhookView:
    """Any payload starts: what is missing or broken shows when a variable needs it."""
    return await _called(api_name, name, request, database, connections, settings)


async def _called(
    api_name: str, name: str, request: Request, database: DatabaseDep, connections: ConnectionsDep, settings: SettingsDep
) -> WebhookView:
    """Taken while Temporal is away too: the row is kept, and the worker starts it when Temporal is back."""
    payload = payload_of(await request.body(), request.headers.get("content-type", ""), request.query_params, request.method)
    try:
        client = await connections.temporal.get()
    except UnavailableError:
        client = None
    execution_id, automation_id = await start_by_webhook(database, client, settings, api_name, name, request.method, payload)
    return WebhookView(execution_id=execution_id, automation_id=automation_id)
