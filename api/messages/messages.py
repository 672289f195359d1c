"""Messages that steps sent, are sending, or could not send."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import CallerDep, needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from store import messages as stored
from store.messages import Channel, MessageState
from store.places import reached_automations

router = APIRouter(prefix="/messages", tags=["messages"])


class MessageErrorView(BaseModel):
    """Why it has not gone out."""

    code: str
    sentence: str


class MessageView(BaseModel):
    """A message of a step run. `place` counts those that one step run sends.

    `in_doubt`: how often it was handed over without an answer; `refused` are recipients that were not taken while others were;
    `delivery` is the last that a provider of texts said of it.
    """

    id: UUID
    execution_id: UUID
    automation: str
    sequence: int
    place: int
    channel: Channel
    record_id: UUID | None
    sender: str
    recipients: list[str]
    cc: list[str]
    subject: str
    template: str | None
    state: MessageState
    in_doubt: int
    refused: list[str]
    error: MessageErrorView | None
    provider_id: str | None
    delivery: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


class WholeMessageView(MessageView):
    body: str
    html: str | None


@router.get("", summary="List messages", dependencies=[needs("automations:view", narrows=True)])
async def list_messages(
    database: DatabaseDep,
    page: PageDep,
    caller: CallerDep,
    record_id: UUID | None = None,
    execution_id: UUID | None = None,
    channel: Channel | None = None,
    state: MessageState | None = None,
) -> Page[MessageView]:
    """Newest first, without their texts."""
    list_name = f"messages:{record_id}:{execution_id}:{channel}:{state}"
    async with database.snapshot() as connection:
        rows = await stored.list_messages(
            connection, record_id=record_id, execution_id=execution_id, channel=channel, state=state,
            reached=await reached_automations(connection, caller.access.reach("automations:view")),
            cursor=page.after(list_name, UUID), size=page.size_and_one,
        )  # fmt: skip
    return page.page(list_name, rows, _view, lambda row: str(row["id"]))


def _view(row: Any) -> MessageView:
    return MessageView.model_validate(dict(row))


@router.get("/{message_id}", summary="Read a message", dependencies=[needs("automations:view")])
async def get_message(message_id: UUID, database: DatabaseDep) -> WholeMessageView:
    async with database.connection() as connection:
        row = await stored.read_message(connection, message_id)
    if row is None:
        raise NotFoundError("message", message_id)
    return WholeMessageView.model_validate(dict(row))
