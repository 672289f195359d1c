"""Calls of webhooks as they were kept, to look at and to replay."""

import base64
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from api.webhooks.webhooks import ANSWERED, DeskDep, WebhookView, answered
from store import deliveries
from store.automations import read_automation

router = APIRouter(tags=["webhooks"])


class DeliveryView(BaseModel):
    """A call, and what came of it: `reason` and `detail` say why it started nothing. `size` is that of the body in bytes."""

    id: UUID
    automation: str
    automation_id: UUID
    webhook: str
    method: str
    content_type: str
    query: str
    size: int
    received_at: datetime
    idempotency_key: str | None
    replay_of: UUID | None
    event_id: UUID | None
    outcome: Literal["started", "not_started"]
    reason: str | None
    detail: str | None
    execution_id: UUID | None


class WholeDeliveryView(DeliveryView):
    """With the body: as text where it is UTF-8, else in base64."""

    body: str
    encoding: Literal["text", "base64"]


@router.get(
    "/automations/{api_name}/webhooks/{name}/deliveries",
    summary="List the deliveries of a webhook",
    dependencies=[needs("automations:view")],
)
async def get_webhook_deliveries(api_name: str, name: str, database: DatabaseDep, page: PageDep) -> Page[DeliveryView]:
    """Newest first; also of a webhook that is no longer in the document."""
    list_name = f"deliveries:{api_name}:{name}"
    cursor = page.after(list_name, UUID)
    async with database.connection() as connection:
        automation = await read_automation(connection, api_name)
        if automation is None:
            raise NotFoundError("automation", api_name)
        rows = await deliveries.list_deliveries(connection, automation["id"], name, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, lambda row: DeliveryView.model_validate(_told(row)), lambda row: str(row["id"]))


@router.get("/webhook-deliveries/{delivery_id}", summary="Read a delivery", dependencies=[needs("automations:view")])
async def get_webhook_delivery(delivery_id: UUID, database: DatabaseDep) -> WholeDeliveryView:
    async with database.connection() as connection:
        row = await deliveries.read_delivery(connection, delivery_id)
    if row is None:
        raise NotFoundError("delivery", delivery_id)
    body, encoding = _readable(row["body"])
    return WholeDeliveryView.model_validate({**_told(row), "body": body, "encoding": encoding})


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    summary="Replay a delivery",
    responses={**ANSWERED},
    dependencies=[needs("executions:operate")],
)
async def replay_webhook_delivery(delivery_id: UUID, response: Response, desk: DeskDep, actor: ActorDep) -> WebhookView:
    """The same call as if it came now, by the newest document; answered as the webhook answers, and a delivery of its own."""
    return answered(response, await desk.replayed(delivery_id, actor))


def _told(row: Any) -> dict[str, Any]:
    return {**row, "automation": row["api_name"]}


def _readable(body: bytes) -> tuple[str, str]:
    try:
        return body.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
