"""The addresses that other systems call to start an automation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from api.connections import UnavailableError
from api.deps import ConnectionsDep, DatabaseDep, DefinitionsDep, SettingsDep
from api.errors import RefusedError
from api.webhooks.access import Credentials
from api.webhooks.payloads import Call
from api.webhooks.starts import Taken, WebhookDesk

router = APIRouter(tags=["webhooks"])
KEY_HEADERS = ("Idempotency-Key", "webhook-id")
"""What a caller names a call by: the first that is there."""
_LONGEST_KEY = 255


class WebhookView(BaseModel):
    """`execution_id` is null where the call was taken and started nothing; the reason is kept."""

    execution_id: UUID | None
    automation_id: UUID


async def _desk(
    database: DatabaseDep, connections: ConnectionsDep, settings: SettingsDep, definitions: DefinitionsDep
) -> WebhookDesk:
    try:
        client = await connections.temporal.get()
    except UnavailableError:
        client = None
    return WebhookDesk(database, client, settings, definitions)


DeskDep = Annotated[WebhookDesk, Depends(_desk)]

_HEADERS = {
    "Everstep-Delivery": "The delivery that keeps the call",
    "Everstep-Outcome": "started, or why nothing was: skipped, inactive, no_record, filtered, killed, throttled, error",
    "Idempotent-Replayed": "true: it came before, by its key or its signature, and this is what it was answered",
}
ANSWERED = {200: {"headers": {name: {"description": says, "schema": {"type": "string"}} for name, says in _HEADERS.items()}}}
_ANY_BODY = {"requestBody": {"required": False, "content": {"*/*": {"schema": {}}}}}


@router.get("/webhooks/{api_name}/{name}", summary="Call a webhook by GET", responses={**ANSWERED})
async def call_webhook_by_get(api_name: str, name: str, request: Request, response: Response, desk: DeskDep) -> WebhookView:
    """The query parameters are the payload, and what a signature is made over."""
    return await _called(api_name, name, request, response, desk)


@router.post("/webhooks/{api_name}/{name}", summary="Call a webhook by POST", openapi_extra=_ANY_BODY, responses={**ANSWERED})
async def call_webhook(api_name: str, name: str, request: Request, response: Response, desk: DeskDep) -> WebhookView:
    """Any payload starts: what is missing or broken shows when a variable needs it.

    With an `Idempotency-Key` or a `webhook-id`, calls of the same key start once, for good: the first one counts, whatever
    the others say. A webhook wants an API key with `events:write` unless it says `auth: signature`, for calls with an
    `Everstep-Signature`, or `auth: none`. A signed call that comes again starts nothing again.
    """
    return await _called(api_name, name, request, response, desk)


async def _called(api_name: str, name: str, request: Request, response: Response, desk: WebhookDesk) -> WebhookView:
    call = Call(request.method, request.scope["query_string"], _header(request, "Content-Type"), await request.body())
    return answered(response, await desk.called(api_name, name, call, Credentials.of(request), key=_key(request)))


def _key(request: Request) -> str | None:
    for header in KEY_HEADERS:
        key = _header(request, header).strip()
        if len(key) > _LONGEST_KEY:
            raise RefusedError(422, "invalid_idempotency_key", f"{header} has {_LONGEST_KEY} characters at most.")
        if key:
            return key
    return None


def _header(request: Request, name: str) -> str:
    """Without NULs, which Postgres does not keep."""
    return request.headers.get(name, "").replace("\0", "?")


def answered(response: Response, taken: Taken) -> WebhookView:
    response.headers["Everstep-Delivery"] = str(taken.delivery_id)
    response.headers["Everstep-Outcome"] = taken.reason or "started"
    if taken.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return WebhookView(execution_id=taken.execution_id, automation_id=taken.automation_id)
